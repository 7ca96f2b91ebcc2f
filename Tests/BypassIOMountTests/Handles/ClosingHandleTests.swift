import BypassIOProtocol
import FUSE
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount

/// A request that consists of several, whose open handle closes between two of them: each is sent
/// once, and the rest goes another way.
struct ClosingHandleTests {
    private let kernel: KernelSide

    init() throws { kernel = try KernelSide() }

    /// Counts the changes that reached the file system.
    private final class Changes: Sendable {
        private let number = Guarded(0)
        var count: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }
    private let changes = Changes()

    /// Opens a file, whose handle closes right after the first request of this kind.
    private func opened(closingAfter major: MajorFunction) throws -> KernelSide.Reply {
        let made = kernel.create("file")
        let file = try kernel.fileSystem.handles.handle(HandleID(made.createdHandle)).file
        let changes = changes
        try kernel.memory.attach(
            FilterRegistration(
                name: "closer", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
                operations: [
                    OperationRegistration(
                        major, preOperation: { _, _ in .successWithCallback(.none) },
                        postOperation: { _, _, _ in
                            changes.add()
                            file.close()
                            return .finishedProcessing
                        })
                ]))
        return made
    }

    @Test("link(2) makes its name once and succeeds")
    func link() throws {
        let made = try opened(closingAfter: .setInformation)
        let linked = kernel.send(.link, Bytes().u64(made.node).name("second"))
        #expect(linked.errno == 0)
        #expect(kernel.lookup("second").node == made.node)
        #expect(kernel.attributes(made.node).linkCount == 2)
    }

    @Test("a new mode and new times are set once each")
    func attributes() throws {
        let made = try opened(closingAfter: .setInformation)
        // FATTR_MODE and FATTR_MTIME, without a handle.
        let answer = kernel.send(
            .setAttributes, node: made.node,
            Bytes().u32(1 | 32).zeros(4 + 8 + 8 + 8).u64(0).u64(5).u64(0).zeros(12).u32(0o600)
                .zeros(16))
        #expect(answer.errno == 0)
        #expect(answer.u32(16 + 60) == 0o100600)
        #expect(changes.count == 2)
    }

    @Test("an attribute that must be new is made once")
    func extendedAttribute() throws {
        let made = try opened(closingAfter: .setEA)
        // XATTR_CREATE; FUSE_SETXATTR_ACL_KILL_SGID asks for the mode afterwards.
        let answer = kernel.send(
            .setExtendedAttribute, node: made.node,
            Bytes().u32(1).u32(1).u32(1).u32(0).name("user.new").with([7]))
        #expect(answer.errno == 0)
        #expect(changes.count == 1)
    }
}
