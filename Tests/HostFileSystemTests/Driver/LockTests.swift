import IOStack
import Synchronization
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Advisory locks of host files")
struct LockTests {
    private func pair(_ host: HostFixture) throws -> (FileObject, FileObject) {
        try host.hostFile("file", [1, 2, 3])
        return (
            try host.open("file", access: [.read, .write]),
            try host.open("file", access: [.read, .write])
        )
    }

    private func attempt(_ file: FileObject, _ lock: FileLock) -> Errno? {
        errno { () throws(IOFailure) in try file.lock(lock) }
    }

    @Test("Ranges exclude each other between file objects and a test names the one in the way")
    func ranges() throws {
        let host = try HostFixture()
        let (one, two) = try pair(host)
        defer { for handle in [one, two] { handle.close() } }
        let first = FileLock.Family.range(offset: 10, length: 20)
        try one.lock(FileLock(.exclusive, first, .tryLock))
        try one.lock(FileLock(.exclusive, first, .tryLock))
        let overlapping = FileLock.Family.range(offset: 29, length: 0)
        #expect(
            attempt(two, FileLock(.shared, overlapping, .tryLock))
                == .resourceTemporarilyUnavailable)
        #expect(attempt(two, FileLock(.exclusive, .range(offset: 30, length: 5), .tryLock)) == nil)
        let inTheWay = try two.lock(FileLock(.shared, overlapping, .test))
        #expect(inTheWay == FileLock(.exclusive, first, .test))
        try one.lock(FileLock(.unlock, first, .tryLock))
        #expect(try two.lock(FileLock(.shared, overlapping, .test)) == nil)
        let beyond = FileLock.Family.range(offset: UInt64.max, length: 1)
        #expect(attempt(one, FileLock(.shared, beyond, .tryLock)) == .invalidArgument)
    }

    @Test("A lock needs an access that covers it")
    func access() throws {
        let host = try HostFixture()
        try host.hostFile("file")
        let reader = try host.open("file")
        let bare = try host.open("file", options: .attributesOnly)
        defer { for handle in [reader, bare] { handle.close() } }
        let range = FileLock.Family.range(offset: 0, length: 0)
        #expect(attempt(reader, FileLock(.exclusive, range, .tryLock)) == .badFileDescriptor)
        #expect(attempt(reader, FileLock(.shared, range, .tryLock)) == nil)
        #expect(attempt(bare, FileLock(.shared, range, .tryLock)) == .badFileDescriptor)
        #expect(attempt(reader, FileLock(.shared, .wholeFile, .test)) == .invalidArgument)
    }

    @Test("Whole-file locks: shared ones together, an exclusive one alone")
    func wholeFile() throws {
        let host = try HostFixture()
        let (one, two) = try pair(host)
        defer { for handle in [one, two] { handle.close() } }
        #expect(attempt(one, FileLock(.shared, .wholeFile, .tryLock)) == nil)
        #expect(attempt(two, FileLock(.shared, .wholeFile, .tryLock)) == nil)
        let exclusive = FileLock(.exclusive, .wholeFile, .tryLock)
        #expect(attempt(two, exclusive) == .resourceTemporarilyUnavailable)
        #expect(attempt(one, FileLock(.unlock, .wholeFile, .tryLock)) == nil)
        #expect(attempt(two, exclusive) == nil)
    }

    @Test(
        "A wait holds up its caller only and ends when the lock is free",
        arguments: [FileLock.Family.wholeFile, .range(offset: 0, length: 1)])
    func wait(_ family: FileLock.Family) throws {
        let host = try HostFixture()
        let (one, two) = try pair(host)
        defer { for handle in [one, two] { handle.close() } }
        try one.lock(FileLock(.exclusive, family, .tryLock))
        let outcome = Guarded<Errno?>(nil)
        let waiter = Thread {
            let code = errno { () throws(IOFailure) in
                try two.lock(FileLock(.exclusive, family, .wait))
            }
            outcome.withLock { $0 = code ?? Errno(rawValue: 0) }
        }
        waiter.start()
        #expect(try two.read(at: 0, length: 3) == [1, 2, 3])
        #expect(try two.information().size == 3)
        #expect(outcome.withLock { $0 } == nil)
        try one.lock(FileLock(.unlock, family, .tryLock))
        #expect(waiter.join(within: 60))
        #expect(outcome.withLock { $0 } == Errno(rawValue: 0))
    }

    @Test("A wait ends with ECANCELED when its file object's last handle goes away")
    func cancelledWait() throws {
        let host = try HostFixture()
        let (one, two) = try pair(host)
        defer { one.close() }
        try one.lock(FileLock(.exclusive, .wholeFile, .tryLock))
        let outcome = Guarded<Errno?>(nil)
        let isWaiting = Atomic(false)
        let waiter = Thread {
            isWaiting.store(true, ordering: .releasing)
            let code = errno { () throws(IOFailure) in
                try two.lock(FileLock(.exclusive, .wholeFile, .wait))
            }
            outcome.withLock { $0 = code }
        }
        waiter.start()
        while !isWaiting.load(ordering: .acquiring) {}
        two.close()
        #expect(waiter.join(within: 60))
        // When the close comes before the request, the request never begins.
        let ends: [Errno?] = [.canceled, .badFileDescriptor]
        #expect(ends.contains(outcome.withLock { $0 }))
    }

    @Test("Locks end with the last handle, although a queue still keeps the file object")
    func cleanup() throws {
        let host = try HostFixture()
        let (one, two) = try pair(host)
        defer { two.close() }
        let queue = try ReadQueue(host.volume, depth: 1, slotSize: 4096)
        defer { queue.close() }
        _ = try queue.attach(one)
        try one.lock(FileLock(.exclusive, .wholeFile, .tryLock))
        try one.lock(FileLock(.exclusive, .range(offset: 0, length: 0), .tryLock))
        one.close()
        #expect(attempt(two, FileLock(.exclusive, .wholeFile, .tryLock)) == nil)
        #expect(
            attempt(two, FileLock(.exclusive, .range(offset: 0, length: 0), .tryLock)) == nil)
    }
}
