internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// A lock's strength.
    package enum LockKind: Sendable, Hashable {
        case shared, exclusive, none
    }

    /// flock(2): Lock the open file description as a whole.
    ///
    /// - Throws: EWOULDBLOCK if `waiting` is false and another owner holds the lock.
    package static func lockWhole(
        _ descriptor: FileDescriptor, _ kind: LockKind, waiting: Bool
    ) throws(Errno) {
        let operation: CInt =
            switch kind {
            case .shared: 1
            case .exclusive: 2
            case .none: 8
            }
        let flags = waiting ? operation : operation | 4
        _ = try retryingInt { bpio_flock(descriptor.rawValue, flags) }
    }

    /// A byte range with a lock; length 0 reaches to the end, however far the file grows.
    package struct ByteRangeLock: Sendable, Hashable {
        package var kind: LockKind
        package var start: Int64
        package var length: Int64
        /// The process that holds it, as a test reports it; -1 for an open-file-description lock.
        package var owner: Int32

        package init(kind: LockKind, start: Int64, length: Int64, owner: Int32 = 0) {
            self.kind = kind
            self.start = start
            self.length = length
            self.owner = owner
        }
    }

    /// fcntl(2) F_OFD_SETLK, F_OFD_SETLKW: Lock or unlock a range for the open file description.
    ///
    /// - Throws: EAGAIN if `waiting` is false and another owner holds the lock; EBADF if the
    ///   descriptor is not open for the matching kind of access.
    package static func lockRange(
        _ descriptor: FileDescriptor, _ lock: ByteRangeLock, waiting: Bool
    ) throws(Errno) {
        var raw = lock.raw
        let command = waiting ? BPIO_OFD_SET_WAIT : BPIO_OFD_SET
        _ = try retryingInt { unsafe bpio_ofd_lock(descriptor.rawValue, command, &raw) }
    }

    /// fcntl(2) F_OFD_GETLK: The lock that would stop `lock`; nil if there is none.
    package static func conflictingLock(
        _ descriptor: FileDescriptor, with lock: ByteRangeLock
    ) throws(Errno) -> ByteRangeLock? {
        var raw = lock.raw
        _ = try retryingInt { unsafe bpio_ofd_lock(descriptor.rawValue, BPIO_OFD_TEST, &raw) }
        let found = ByteRangeLock(raw)
        return found.kind == .none ? nil : found
    }
}

extension SystemCall.ByteRangeLock {
    fileprivate var raw: bpio_byte_lock {
        let type =
            switch kind {
            case .shared: BPIO_LOCK_READ
            case .exclusive: BPIO_LOCK_WRITE
            case .none: BPIO_LOCK_NONE
            }
        return bpio_byte_lock(
            type: Int16(type), whence: 0, owner: 0, start: start, length: length)
    }

    fileprivate init(_ raw: bpio_byte_lock) {
        let kind: SystemCall.LockKind =
            switch Int32(raw.type) {
            case BPIO_LOCK_READ: .shared
            case BPIO_LOCK_WRITE: .exclusive
            default: .none
            }
        self.init(kind: kind, start: raw.start, length: raw.length, owner: raw.owner)
    }
}
