import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("MemoryFileSystem: contents, attributes and locks")
struct ContentTests {
    let memory = MemoryVolume()

    private func open(
        _ options: CreateParameters.Options = [], _ name: FilePath = "data"
    ) throws -> FileObject {
        try memory.volume.open(
            name, access: [.read, .write], disposition: .openIf, options: options)
    }

    @Test("writes fill, grow and append; sizes follow")
    func writing() throws {
        let file = try open()
        try file.write([1, 2, 3], at: 2)
        #expect(try file.read(at: 0, length: 10) == [0, 0, 1, 2, 3])
        try file.apply(.endOfFile(3))
        #expect(try file.read(at: 0, length: 10) == [0, 0, 1])
        try file.apply(.endOfFile(5))
        #expect(try file.read(at: 0, length: 10) == [0, 0, 1, 0, 0])
        let appender = try open(.append)
        try appender.write([7], at: 0)
        #expect(try file.read(at: 0, length: 10) == [0, 0, 1, 0, 0, 7])
        #expect(try file.information().size == 6)
        #expect(try file.information().allocatedSize == 4096)
        #expect(memory.disk.bytes(of: try #require(file.storage))?.count == 6)
        memory.disk.writeErrno = 28
        #expect(failure { try file.write([1], at: 0) } == .diskFull)
        #expect(failure { try file.apply(.endOfFile(1 << 40)) } == .fileTooLarge)
    }

    @Test("allocations extend, zero, collapse and insert")
    func allocations() throws {
        let file = try open()
        try file.write(Array(1...8), at: 0)
        try file.apply(.allocation(.keepSize, offset: 0, length: 100))
        #expect(try file.information().size == 8)
        try file.apply(.allocation(.punchHole, offset: 6, length: 100))
        #expect(try file.read(at: 0, length: 20) == [1, 2, 3, 4, 5, 6, 0, 0])
        try file.apply(.allocation(.zeroRange, offset: 5, length: 4))
        #expect(try file.read(at: 0, length: 20) == [1, 2, 3, 4, 5, 0, 0, 0, 0])
        try file.apply(.allocation(.collapseRange, offset: 1, length: 2))
        #expect(try file.read(at: 0, length: 20) == [1, 4, 5, 0, 0, 0, 0])
        try file.apply(.allocation(.insertRange, offset: 1, length: 2))
        #expect(try file.read(at: 0, length: 20) == [1, 0, 0, 4, 5, 0, 0, 0, 0])
        try file.apply(.allocation(.extend, offset: 10, length: 2))
        #expect(try file.information().size == 12)
        for (kind, offset, length) in [
            (FileChange.Allocation.extend, UInt64(0), UInt64(0)), (.collapseRange, 4, 8),
            (.insertRange, 12, 1),
        ] {
            #expect(
                failure { try file.apply(.allocation(kind, offset: offset, length: length)) }
                    == .invalidParameter)
        }
        #expect(
            failure { try file.apply(.allocation(.extend, offset: .max, length: 1)) }
                == .fileTooLarge)
    }

    @Test("data reaches to the end, and beyond it there is nothing")
    func holes() throws {
        let file = try open()
        try file.write([1, 2, 3], at: 0)
        #expect(try file.nextData(from: 1) == 1)
        #expect(try file.nextHole(from: 1) == 3)
        #expect(hostErrno { try file.nextData(from: 3) } == 6)
        #expect(hostErrno { try file.nextHole(from: .max) } == 6)
    }

    @Test("permissions, owners and times are kept; times rise with every change")
    func metadata() throws {
        let file = try memory.volume.open(
            CreateParameters(
                path: "data", access: [.read, .write], disposition: .create, mode: 0o4755),
            requestor: .user(7, group: 8))
        let made = try file.information()
        #expect(made.permissions == 0o4755 && made.userID == 7 && made.groupID == 8)
        #expect(made.birthTime == made.modificationTime && made.kind == .regularFile)
        try file.apply(.permissions(0o100600))
        try file.apply(.owner(userID: 1, groupID: nil))
        let time = FileTime(seconds: -5, nanoseconds: 3)
        try file.apply(.times(access: .to(time), modification: nil))
        var now = try file.information()
        #expect(now.permissions == 0o600 && now.userID == 1 && now.groupID == 8)
        #expect(now.accessTime == time && now.modificationTime == made.modificationTime)
        #expect(now.changeTime.nanoseconds > made.changeTime.nanoseconds)
        try file.apply(.times(access: nil, modification: .now))
        try file.apply(.endOfFile(9))
        now = try file.information()
        #expect(now.modificationTime.nanoseconds > made.modificationTime.nanoseconds)
        #expect(now.id == file.stream.id && now.birthTime == made.birthTime)
    }

    @Test("extended attributes keep the rules of setxattr")
    func extendedAttributes() throws {
        let file = try open()
        try file.setAttribute("user.b", to: [1])
        try file.setAttribute("user.a", to: [2], mustNotExist: true)
        #expect(try file.attributeNames() == [Array("user.a".utf8), Array("user.b".utf8)])
        #expect(
            failure { try file.setAttribute("user.a", to: [], mustNotExist: true) }
                == .objectNameCollision)
        try file.setAttribute("user.a", to: [3, 4], mustExist: true)
        #expect(try file.attribute("user.a") == [3, 4])
        try file.removeAttribute("user.a")
        #expect(hostErrno { try file.attribute("user.a") } == 61)
        #expect(hostErrno { try file.removeAttribute("user.a") } == 61)
        #expect(hostErrno { try file.setAttribute("user.a", to: [], mustExist: true) } == 61)
    }

    /// The errno with which an operation fails.
    private func hostErrno<R>(_ body: () throws -> R) -> Int32? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? IOFailure)?.errno.rawValue
        }
    }

    @Test("attributes that decide about BypassIO are what the test set")
    func bypassAttributes() throws {
        let file = try open()
        #expect(try file.information().attributes == [])
        try memory.fileSystem.setAttributes([.sparse, .verity], at: "data")
        #expect(try file.information().attributes == [.sparse, .verity])
        #expect(
            failure { try memory.fileSystem.setAttributes(.dax, at: "gone") }
                == .objectNameNotFound)
    }

    @Test("byte-range locks exclude, split, and go away with the file object")
    func rangeLocks() throws {
        let one = try open()
        let two = try open()
        func lock(
            _ kind: FileLock.Kind, _ offset: UInt64, _ length: UInt64,
            _ action: FileLock.Action = .tryLock
        ) -> FileLock {
            FileLock(kind, .range(offset: offset, length: length), action)
        }
        try one.lock(lock(.exclusive, 10, 10))
        #expect(failure { try two.lock(lock(.shared, 19, 1)) } == .lockNotGranted)
        #expect(try two.lock(lock(.shared, 19, 1, .test)) == lock(.exclusive, 10, 10, .test))
        try two.lock(lock(.exclusive, 20, 0))
        #expect(failure { try one.lock(lock(.shared, 1 << 40, 1)) } == .lockNotGranted)
        // Unlocks the middle of the handle's own lock.
        try one.lock(lock(.unlock, 13, 3))
        try two.lock(lock(.exclusive, 13, 3))
        #expect(try two.lock(lock(.shared, 0, 13, .test)) == lock(.exclusive, 10, 3, .test))
        #expect(try two.lock(lock(.shared, 16, 4, .test)) == lock(.exclusive, 16, 4, .test))
        try one.lock(lock(.shared, 10, 3))
        try two.lock(lock(.shared, 10, 1))
        one.close()
        #expect(try two.lock(lock(.exclusive, 0, 0, .test)) == nil)
    }

    @Test("a whole-file lock waits for its holder")
    func waitingLock() throws {
        let one = try open()
        let two = try open()
        try one.lock(FileLock(.exclusive, .wholeFile, .tryLock))
        // Locks of the two families do not conflict.
        try two.lock(FileLock(.exclusive, .range(offset: 0, length: 0), .tryLock))
        let waiter = OwnThread { try two.lock(FileLock(.shared, .wholeFile, .wait)) }
        #expect(waiter.isStillRunning())
        try one.lock(FileLock(.unlock, .wholeFile, .tryLock))
        #expect(try waiter.result() == nil)
        #expect(
            failure { try one.lock(FileLock(.exclusive, .wholeFile, .tryLock)) }
                == .lockNotGranted)
    }

    @Test("the volume tells how full it is, and closes let go of everything")
    func volumeInformation() throws {
        let before = try open().volumeInformation()
        do {
            let dropped = try open()
            try dropped.write(pattern(4096 * 3), at: 0)
            let now = try dropped.volumeInformation()
            #expect(before.freeBlocks - now.freeBlocks == 3 && now.blockSize == 4096)
            #expect(now.maximumNameLength == 255)
        }
        let last = try open()
        last.close()
        #expect(memory.disk.openHandles == 0)
    }
}
