import IOStack
import LinuxKit
import MemoryFileSystem
import SystemPackage
import Testing

@testable import BypassIOMount
@testable import FUSE

/// A client chooses how deep directories nest. The code that walks over them runs on a session's
/// thread, whose stack is small.
struct DepthTests {
    /// Ten times the depth that a recursive walk over parents had room for.
    private static let depth = 10_000

    /// The service keeps few directories open, and here none of the deep ones.
    private static func chain(_ kernel: KernelSide) -> [UInt64] {
        var nodes: [UInt64] = [1]
        for _ in 0..<depth {
            nodes.append(kernel.makeDirectory("d", in: nodes[nodes.count - 1]).node)
        }
        forgetDeepOnes(kernel)
        return nodes
    }

    /// Uses enough other directories to evict the deep ones.
    private static func forgetDeepOnes(_ kernel: KernelSide) {
        for number in 0..<8 {
            let wide = kernel.lookup("wide\(number)")
            let made = wide.errno == 0 ? wide : kernel.makeDirectory("wide\(number)")
            _ = kernel.lookup("absent", in: made.node)
        }
    }

    private static func kernelSide() throws -> KernelSide {
        var options = VolumeMountOptions()
        options.maximumOpenDirectories = 8
        return try KernelSide(options)
    }

    /// Runs the body on a stack of the size that a session's thread has.
    private func onSessionThread(_ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = Guarded<Result<Void, any Error>>(.success(()))
        let thread = try OwnThread.start(named: "depth") {
            let result = Result { try body() }
            outcome.withLock { $0 = result }
        }
        thread.join()
        try outcome.withLock { try $0.get() }
    }

    @Test(
        "a name in the deepest directory is found, made, opened and removed; then all is forgotten")
    func deepest() throws {
        try onSessionThread {
            let kernel = try Self.kernelSide()
            let nodes = Self.chain(kernel)
            let deepest = try #require(nodes.last)
            #expect(kernel.lookup("absent", in: deepest).errno == 2)
            Self.forgetDeepOnes(kernel)
            let file = kernel.create("file", in: deepest)
            #expect(file.errno == 0)
            #expect(kernel.write(file.node, file.createdHandle, at: 0, [7]).errno == 0)
            _ = kernel.release(file.node, file.createdHandle)
            Self.forgetDeepOnes(kernel)
            let opened = kernel.open(file.node)
            #expect(kernel.read(file.node, opened.handle, at: 0, 8).body == [7])
            #expect(kernel.unlink("file", in: deepest).errno == 0)
            // Starts at the top: each directory keeps its parents until the deepest is forgotten.
            for node in nodes.dropFirst() { kernel.forget(node) }
        }
    }

    @Test("the last of a million nodes lets go of all above it")
    func end() throws {
        try onSessionThread {
            var last: Node?
            for number in 2..<1_000_002 as Range<UInt64> {
                last = Node(
                    number: NodeID(number), id: FileID(device: 1, inode: number), birthTime: nil,
                    isDirectory: true, parent: last, name: [])
            }
            weak let kept = last?.parent
            #expect(kept != nil)
            last = nil
            #expect(kept == nil)
        }
    }

    @Test("parents that lead round in a circle are stale")
    func circle() throws {
        let kernel = try Self.kernelSide()
        let table = kernel.fileSystem.nodes
        let (a, b) = (kernel.makeDirectory("a"), kernel.makeDirectory("b"))
        let (one, other) = (try table.node(NodeID(a.node)), try table.node(NodeID(b.node)))
        Self.forgetDeepOnes(kernel)
        table.renamed(one, to: Array("a".utf8), in: other)
        table.renamed(other, to: Array("b".utf8), in: one)
        #expect(kernel.lookup("absent", in: a.node).errno == 116)
        #expect(kernel.lookup("absent", in: b.node).errno == 116)
        // A lookup by the right name repairs the path.
        #expect(kernel.lookup("a").node == a.node)
        #expect(kernel.lookup("absent", in: a.node).errno == 2)
    }

    @Test("a path that no program can name is kept by its end")
    func openedPath() throws {
        let kernel = try Self.kernelSide()
        var directory: FileObject?
        for _ in 0..<3000 {
            let made = try kernel.memory.volume.open(
                CreateParameters(
                    path: "d", directory: directory, access: [], disposition: .create,
                    kind: .directory, options: .attributesOnly))
            directory?.close()
            directory = made
        }
        let path = try #require(directory).openedPath
        directory?.close()
        #expect(path.hasPrefix("…/d/d/") && path.hasSuffix("/d"))
        #expect((4090...4096).contains(path.utf8.count))
    }
}
