import IOStack

/// The requests that a fault filter keeps. A value under its owner's lock.
struct HeldRequests: Sendable {
    struct Held: Sendable {
        /// The rule's name.
        let rule: String
        let instance: ObjectIdentifier
        let isStubborn: Bool
        /// With which it goes on when nothing else ends it.
        let answer: PreOperationAnswer
        /// May be called more than once; the first counts.
        let resume: @Sendable (PreOperationAnswer) -> Void

        func letGo() { resume(answer) }
    }

    private var held: [UInt64: Held] = [:]
    private var next: UInt64 = 0
    /// Instances that are going away, and keep nothing more.
    private var leaving: Set<ObjectIdentifier> = []

    /// Its number, for ``take(_:)``; nil where the instance goes away.
    mutating func add(_ request: Held) -> UInt64? {
        guard !leaving.contains(request.instance) else { return nil }
        next += 1
        held[next] = request
        return next
    }

    mutating func take(_ number: UInt64) -> Held? { held.removeValue(forKey: number) }

    /// Takes out all of that kind.
    mutating func take(where isMeant: (Held) -> Bool) -> [Held] {
        let numbers = held.filter { isMeant($0.value) }.keys.sorted()
        return numbers.compactMap { held.removeValue(forKey: $0) }
    }

    func count(of rule: String) -> Int { held.values.count { $0.rule == rule } }

    mutating func leave(_ instance: ObjectIdentifier) { leaving.insert(instance) }
    mutating func forget(_ instance: ObjectIdentifier) { leaving.remove(instance) }
}
