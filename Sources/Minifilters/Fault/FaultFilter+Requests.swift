public import IOStack

extension FaultFilter: PreOpenFilter, ReadFilter, PreWriteFilter, PreChangeFilter {
    /// Looks at names, by which nobody gets data, are not met.
    public func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        guard !open.parameters.options.contains(.attributesOnly) else { return .passAndForget }
        return answer(open, .open, open.path)
    }

    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        let range = Self.bytes(read.offset, read.length)
        return answer(read, .read, read.file.openedPath, range) { blow in
            // The bytes of a kernel read never pass here.
            guard !read.isKernelRead, let damage = ReadDamage(blow) else { return nil }
            return .passWith(.object(damage))
        }
    }

    public func didRead(_ read: PostRead) {
        guard case .object(let damage as ReadDamage) = read.context, !read.isDraining,
            read.isSuccess
        else { return }
        damage.apply(to: read)
    }

    public func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        answer(
            write, .write, write.file.openedPath, Self.bytes(write.offset, write.length))
    }

    public func willChange(_ change: PreChange) -> PreOperationAnswer {
        answer(change, .change, change.file.openedPath)
    }

    /// Functions without a method of their own.
    public var otherOperations: [OperationRegistration] {
        let rows: [(MajorFunction, FaultRule.Operations)] = [
            (.flushBuffers, .sync), (.directoryControl, .list), (.queryEA, .attribute),
            (.setEA, .attribute),
        ]
        return rows.map { function, operation in
            OperationRegistration(
                function,
                preOperation: { [self] data, instance in result(data, instance, operation) })
        }
    }

    private func result(
        _ data: CallbackData, _ instance: FilterInstance, _ operation: FaultRule.Operations
    ) -> PreOperationResult {
        let request = PlainRequest(data: data, instance: instance)
        switch answer(request, operation, data.fileObject?.openedPath ?? "") {
        case .fail(let status):
            data.fail(status)
            return .complete
        case .pend: return .pending
        default: return .successNoCallback
        }
    }

    private static func bytes(_ offset: UInt64, _ length: Int) -> Range<UInt64> {
        offset..<offset.addingReportingOverflow(UInt64(max(0, length))).partialValue.clamped(
            from: offset)
    }

    /// - Parameter damage: what the rule does later, to a read's bytes; nil for nothing.
    private func answer(
        _ request: some PreOperation, _ operation: FaultRule.Operations, _ path: String,
        _ range: Range<UInt64>? = nil,
        damage: (FaultRules.Blow) -> PreOperationAnswer? = { _ in nil }
    ) -> PreOperationAnswer {
        guard let blow = strike(operation, path, range) else { return .passAndForget }
        if case .crash = blow.rule.effect {
            // Who mounted has asked for it.
            preconditionFailure("the rule \(blow.rule.name) of the filter fault says crash")
        }
        if blow.freesReads { giveBypassBack() }
        if case .hang = blow.rule.effect {
            return hold(request, blow.rule, .passAndForget)
        }
        var answer = damage(blow) ?? .passAndForget
        if case .fail(let status) = blow.rule.effect { answer = .fail(status) }
        return blow.rule.delay > .zero ? hold(request, blow.rule, answer) : answer
    }
}

/// The view of a request that has no view of its own.
private struct PlainRequest: PreOperation {
    let data: CallbackData
    let instance: FilterInstance
}

/// What a rule does to the bytes that a read has brought.
private final class ReadDamage: Sendable {
    private let rule: FaultRule
    private let chance: UInt64

    /// nil for a rule that leaves bytes alone.
    init?(_ blow: FaultRules.Blow) {
        switch blow.rule.effect {
        case .short, .flip: break
        default: return nil
        }
        rule = blow.rule
        chance = blow.chance
    }

    func apply(to read: PostRead) {
        switch rule.effect {
        case .short(let most):
            read.data.ioStatus.information = min(read.count, most ?? read.count / 2)
        case .flip: flip(read)
        default: break
        }
    }

    /// Of the bytes that the rule is for, one.
    private func flip(_ read: PostRead) {
        let end = read.offset &+ UInt64(read.count)
        let first = max(read.offset, rule.range.lowerBound)
        let last = min(end, rule.range.upperBound)
        guard first < last else { return }
        let place = Int(first - read.offset + (chance >> 3) % (last - first))
        _ = read.withMutableBytes { bytes in bytes[place] ^= 1 << UInt8(chance & 7) }
    }
}

extension UInt64 {
    /// The end of a range that would go beyond the last number.
    fileprivate func clamped(from start: UInt64) -> UInt64 { self < start ? .max : self }
}

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
