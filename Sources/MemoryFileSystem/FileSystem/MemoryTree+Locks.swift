import BypassIOProtocol
import IOStack

extension MemoryTree {
    enum LockAnswer {
        case done(FileLock?)
        /// Another open holds it.
        case blocked
    }

    mutating func lock(
        _ lock: FileLock, on number: UInt64, by owner: ObjectIdentifier
    ) throws(IOFailure) -> LockAnswer {
        let wanted = HeldLock(lock, owner: owner)
        let inTheWay = try node(number).locks.first { held in
            held.owner != owner && held.overlaps(wanted)
                && (held.isExclusive || wanted.isExclusive)
        }
        if lock.action == .test { return .done(inTheWay?.asFileLock) }
        if lock.kind != .unlock, inTheWay != nil { return .blocked }
        replaceOwn(wanted, on: number)
        if lock.kind != .unlock { nodes[number]?.locks.append(wanted) }
        return .done(nil)
    }

    mutating func dropLocks(of owner: ObjectIdentifier, on number: UInt64) {
        nodes[number]?.locks.removeAll { $0.owner == owner }
    }

    /// Cuts the range out of the owner's own locks.
    private mutating func replaceOwn(_ wanted: HeldLock, on number: UInt64) {
        guard let locks = nodes[number]?.locks else { return }
        nodes[number]?.locks = locks.flatMap { held -> [HeldLock] in
            guard held.owner == wanted.owner, held.overlaps(wanted) else { return [held] }
            var (before, after) = (held, held)
            before.end = wanted.first
            after.first = wanted.end
            return [before, after].filter { $0.first < $0.end }
        }
    }
}
