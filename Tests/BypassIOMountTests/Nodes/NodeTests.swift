import FUSE
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import BypassIOMount

/// The files that the kernel knows, and how they follow names that come and go.
struct NodeTests {
    private let kernel: KernelSide

    init() throws {
        kernel = try KernelSide()
    }

    @Test func aFileHasOneNumberWhateverItsName() throws {
        let made = kernel.create("a")
        #expect(made.errno == 0)
        let linked = kernel.send(.link, Bytes().u64(made.node).name("b"))
        #expect(linked.errno == 0)
        #expect(linked.node == made.node)
        #expect(kernel.lookup("b").node == made.node)
        #expect(kernel.attributes(made.node).linkCount == 2)
    }

    @Test func aNumberIsNeverUsedAgain() throws {
        let first = kernel.create("a")
        _ = kernel.release(first.node, first.createdHandle)
        #expect(kernel.unlink("a").errno == 0)
        kernel.forget(first.node)
        let second = kernel.create("a")
        #expect(second.node != first.node)
        #expect(kernel.attributes(first.node).errno == 116)
    }

    @Test func aFileThatLostItsNameIsServedUntilItIsForgotten() throws {
        let made = kernel.create("a")
        #expect(kernel.write(made.node, made.createdHandle, at: 0, [1, 2, 3]).errno == 0)
        #expect(kernel.unlink("a").errno == 0)
        #expect(kernel.lookup("a").errno == 2)
        #expect(kernel.attributes(made.node).size == 3)
        #expect(kernel.attributes(made.node).linkCount == 0)
        #expect(kernel.read(made.node, made.createdHandle, at: 0, 10).body == [1, 2, 3])
        // A further open without a name, as through /proc/self/fd.
        let again = kernel.open(made.node)
        #expect(again.errno == 0)
        #expect(kernel.read(made.node, again.handle, at: 1, 10).body == [2, 3])
        _ = kernel.release(made.node, again.handle)
        _ = kernel.release(made.node, made.createdHandle)
        #expect(kernel.memory.fileSystem.fileCount == 2, "held for the kernel")
        kernel.forget(made.node)
        #expect(kernel.memory.fileSystem.fileCount == 1, "only the root is left")
    }

    @Test func tablesGiveBackTheRoomOfWhatIsForgotten() throws {
        let table = kernel.fileSystem.nodes
        var information = try kernel.memory.volume.open("").status()
        information.kind = .regularFile
        let nodes = (0..<20_000).map { number in
            information.id = FileID(device: table.root.id.device, inode: 1000 + UInt64(number))
            return table.found(information, Array("file-\(number)".utf8), in: table.root).number
        }
        let room = table.state.withLock { ($0.byNumber.capacity, $0.byID.capacity) }
        #expect(room.0 > 20_000 && room.1 > 20_000)
        for number in nodes.dropFirst(10) { table.forget(number, count: 1) }
        let left = table.state.withLock { ($0.byNumber.capacity, $0.byID.capacity) }
        #expect(left.0 < 5000 && left.1 < 5000)
        #expect(table.count == 11)
        for number in nodes.prefix(10) { #expect(try table.node(number).number == number) }
    }

    @Test func aLaterFileWithTheSameInodeNumberIsAnother() throws {
        let made = kernel.create("a")
        let file = try kernel.memory.volume.open("a")
        defer { file.close() }
        let id = file.stream.id
        let birth = try #require(try file.status().birthTime)
        #expect(file.stream.birthTime == birth)
        let node = Node(
            number: NodeID(made.node), id: id, birthTime: birth, isDirectory: false, parent: nil,
            name: [])
        #expect(node.isOf(id, born: birth))
        #expect(!node.isOf(id, born: FileTime(seconds: birth.seconds - 1, nanoseconds: 0)))
        #expect(!node.isOf(FileID(device: id.device, inode: id.inode + 1), born: birth))
    }

    @Test func theOtherNameIsGoodWhenTheKnownOneGoes() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        _ = kernel.send(.link, Bytes().u64(made.node).name("b"))
        #expect(kernel.unlink("b").errno == 0)
        #expect(kernel.attributes(made.node).linkCount == 1)
        #expect(kernel.lookup("a").node == made.node)
        #expect(kernel.open(made.node).errno == 0)
    }

    @Test func aRenameMovesTheNodeAndKeepsWhatItReplaced() throws {
        let a = kernel.create("a")
        let b = kernel.create("b")
        _ = kernel.write(b.node, b.createdHandle, at: 0, [9])
        #expect(kernel.send(.rename, Bytes().u64(1).name("a").name("b")).errno == 0)
        #expect(kernel.lookup("b").node == a.node)
        #expect(kernel.lookup("a").errno == 2)
        #expect(kernel.read(b.node, b.createdHandle, at: 0, 4).body == [9])
        #expect(kernel.attributes(b.node).linkCount == 0)
    }

    @Test func anExchangeMovesBoth() throws {
        let (a, b) = (kernel.create("a"), kernel.create("b"))
        let reply = kernel.send(.renameWithFlags, Bytes().u64(1).u32(2).u32(0).name("a").name("b"))
        guard reply.errno == 0 else {
            // The file system in memory may not support exchanges: then nothing has moved.
            #expect(kernel.lookup("a").node == a.node)
            return
        }
        #expect(kernel.lookup("a").node == b.node)
        #expect(kernel.attributes(a.node).errno == 0)
        #expect(kernel.attributes(b.node).errno == 0)
    }

    @Test func anotherFileUnderAKnownNameIsStale() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        // A change behind the mount.
        let root = try kernel.memory.volume.open("")
        defer { root.close() }
        try root.apply(.unlink("a", directory: false))
        try kernel.memory.volume.open("a", access: .write, disposition: .create).close()
        #expect(kernel.attributes(made.node).errno == 116)
        #expect(kernel.open(made.node).errno == 116)
        let found = kernel.lookup("a")
        #expect(found.errno == 0)
        #expect(found.node != made.node)
    }

    @Test func everyLookupIsCountedOnce() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        for _ in 1...5 { #expect(kernel.lookup("a").node == made.node) }
        kernel.forget(made.node, 5)
        #expect(kernel.attributes(made.node).errno == 0, "one lookup is left")
        kernel.forget(made.node, 1)
        #expect(kernel.attributes(made.node).errno == 116)
        #expect(kernel.fileSystem.nodes.count == 1)
        // Forgets more than there are lookups, and an unknown node: both are harmless.
        kernel.forget(made.node, .max)
        kernel.forget(999, 1)
        kernel.forget(1, .max)
        #expect(kernel.attributes(1).errno == 0)
    }

    @Test func readDirectoryPlusCountsWhatItReturned() throws {
        for name in ["a", "b", "c"] {
            let made = kernel.create(name)
            _ = kernel.release(made.node, made.createdHandle)
            kernel.forget(made.node)
        }
        #expect(kernel.fileSystem.nodes.count == 1)
        let directory = kernel.send(.openDirectory, Bytes().u32(0).u32(0))
        let reply = kernel.send(
            .readDirectoryPlus, Bytes().u64(directory.handle).u64(0).u32(4096).zeros(20))
        #expect(reply.errno == 0)
        #expect(kernel.fileSystem.nodes.count == 4)
        // A single entry fits into 160 bytes, and only its lookup counts.
        for number in 1...20 as ClosedRange<UInt64> where number > 1 { kernel.forget(number, 1) }
        #expect(kernel.fileSystem.nodes.count == 1)
        _ = kernel.send(
            .readDirectoryPlus, Bytes().u64(directory.handle).u64(0).u32(170).zeros(20))
        #expect(kernel.fileSystem.nodes.count <= 2)
    }
}
