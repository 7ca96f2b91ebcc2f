import IOStack

/// Requests that wait for programs. A value under its owner's lock.
struct HeldOperations: Sendable {
    struct Held: Sendable {
        let instance: ObjectIdentifier
        let asked: AskedOperation
        /// Programs that have not answered.
        var open: Int
        /// Some program decided nothing about it.
        var isUndecided = false
        /// May be called more than once; the first counts.
        let resume: @Sendable (PreOperationAnswer) -> Void
    }

    /// More are decided without asking.
    static let capacity = 4096

    private var held: [UInt64: Held] = [:]
    private var last: UInt64 = 0
    /// Instances that are going away, and keep nothing more.
    private var leaving: Set<ObjectIdentifier> = []

    var count: Int { held.count }

    /// Its number; nil where there is no room, or the instance goes away.
    mutating func add(_ request: Held) -> UInt64? {
        guard held.count < Self.capacity, !leaving.contains(request.instance) else { return nil }
        last += 1
        held[last] = request
        return last
    }

    func request(_ number: UInt64) -> Held? { held[number] }

    /// Some program decided nothing about it.
    mutating func leaveUndecided(_ number: UInt64) { held[number]?.isUndecided = true }

    mutating func take(_ number: UInt64) -> Held? { held.removeValue(forKey: number) }

    /// One program more lets it go on. Returns the request when all did.
    mutating func allow(_ number: UInt64) -> Held? {
        guard var request = held[number] else { return nil }
        request.open -= 1
        guard request.open == 0 else {
            held[number] = request
            return nil
        }
        return take(number)
    }

    mutating func leave(_ instance: ObjectIdentifier) -> [Held] {
        leaving.insert(instance)
        let numbers = held.filter { $0.value.instance == instance }.keys.sorted()
        return numbers.compactMap { take($0) }
    }

    mutating func forget(_ instance: ObjectIdentifier) { leaving.remove(instance) }
}
