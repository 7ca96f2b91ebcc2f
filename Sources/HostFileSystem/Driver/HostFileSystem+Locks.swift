internal import Dispatch
public import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// IRP_MJ_LOCK_CONTROL: flock(2) for whole files, open-file-description locks (fcntl(2)
/// F_OFD_SETLK) for ranges. Both belong to the file object and end with its last handle.
extension HostFileSystem {
    /// The sleep between two tries of a wait, in milliseconds: it grows from the first to the
    /// second number.
    private static let pauses = (first: 1, longest: 32)

    /// A wait holds up its caller only, and ends with `ECANCELED` when the last handle of the file
    /// object goes away. It tries again and again, up to 32 ms apart, so waiters are not served in
    /// the order in which they came.
    ///
    /// Throws `EAGAIN` if another owner holds the lock and the caller does not wait, `EBADF` for a
    /// range that the file object's access does not cover, and `EINVAL` for the test of a whole
    /// file, which flock(2) does not offer. The first lock of a file object that shares its
    /// descriptor with others (`SharedDescriptions`) opens the file once more, and throws the
    /// errors of that open.
    public func lock(_ file: FileObject, _ lock: FileLock) throws(IOFailure) -> FileLock? {
        let open = try openFile(file)
        return try open.withOwnDescription { (descriptor) throws(Errno) in
            switch (lock.family, lock.action) {
            case (.range, .test):
                return try SystemCall.conflictingLock(descriptor, with: range(lock))
                    .map { FileLock($0) }
            case (.wholeFile, .test):
                throw .invalidArgument
            case (_, .tryLock):
                try take(lock, of: open, descriptor)
            case (_, .wait):
                try wait(for: lock, of: open, descriptor)
            }
            return nil
        }
    }

    private func take(
        _ lock: FileLock, of open: HostOpenFile, _ descriptor: FileDescriptor
    ) throws(Errno) {
        switch lock.family {
        case .range:
            try SystemCall.lockRange(descriptor, range(lock), waiting: false)
        case .wholeFile:
            try SystemCall.lockWhole(
                descriptor, SystemCall.LockKind(lock.kind), waiting: false)
        }
        guard lock.kind != .unlock else { return }
        open.mayHoldLocks.store(true, ordering: .releasing)
        // A cleanup that looked before the line above has not seen this lock.
        guard open.isCleanedUp.load(ordering: .acquiring) else { return }
        dropLocks(descriptor)
        throw .canceled
    }

    /// Only a signal could end the kernel's own wait, and this process' signals belong to other
    /// code.
    private func wait(
        for lock: FileLock, of open: HostOpenFile, _ descriptor: FileDescriptor
    ) throws(Errno) {
        let never = DispatchSemaphore(value: 0)
        var pause = Self.pauses.first
        while true {
            do {
                return try take(lock, of: open, descriptor)
            } catch {
                guard error == .resourceTemporarilyUnavailable else { throw error }
            }
            if open.isCleanedUp.load(ordering: .acquiring) { throw .canceled }
            _ = never.wait(timeout: .now() + .milliseconds(pause))
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    /// The last handle is gone. The descriptor may live on for requests and queues.
    func dropLocks(of open: HostOpenFile) {
        guard open.mayHoldLocks.load(ordering: .acquiring) else { return }
        // Only a closed file throws, and it has no locks.
        try? open.withOwnDescription { dropLocks($0) }
    }

    private func dropLocks(_ descriptor: FileDescriptor) {
        let everything = SystemCall.ByteRangeLock(kind: .none, start: 0, length: 0)
        try? SystemCall.lockRange(descriptor, everything, waiting: false)
        try? SystemCall.lockWhole(descriptor, .none, waiting: false)
    }

    private func range(_ lock: FileLock) throws(Errno) -> SystemCall.ByteRangeLock {
        guard case .range(let offset, let length) = lock.family,
            let start = Int64(exactly: offset), let count = Int64(exactly: length)
        else { throw .invalidArgument }
        return SystemCall.ByteRangeLock(
            kind: SystemCall.LockKind(lock.kind), start: start, length: count)
    }
}

extension SystemCall.LockKind {
    init(_ kind: FileLock.Kind) {
        self =
            switch kind {
            case .shared: .shared
            case .exclusive: .exclusive
            case .unlock: .none
            }
    }
}

extension FileLock {
    /// A lock in the way, as the result of a test.
    init(_ lock: SystemCall.ByteRangeLock) {
        self.init(
            lock.kind == .shared ? .shared : .exclusive,
            .range(
                offset: UInt64(clamping: lock.start), length: UInt64(clamping: lock.length)),
            .test)
    }
}
