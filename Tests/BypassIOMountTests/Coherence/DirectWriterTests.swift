import FUSE
import Testing

@testable import BypassIOMount

/// Which cached data of a file the kernel may keep between two opens.
struct DirectWriterTests {
    private static let keepCache: UInt32 = 1 << 1
    private static let direct: UInt32 = 0o40000
    private let kernel: KernelSide

    init() throws {
        kernel = try KernelSide()
    }

    /// `open_flags` of the answer.
    private func keeps(_ node: UInt64) -> Bool {
        let reply = kernel.open(node, flags: 0)
        _ = kernel.release(node, reply.handle)
        return reply.u32(8) & Self.keepCache != 0
    }

    @Test func besideADirectWriterNothingIsKept() throws {
        let made = kernel.create("a")
        _ = kernel.release(made.node, made.createdHandle)
        #expect(keeps(made.node))
        let reader = kernel.open(made.node, flags: Self.direct)
        #expect(keeps(made.node), "a direct reader changes nothing")
        let writer = kernel.open(made.node, flags: 2 | Self.direct)
        #expect(!keeps(made.node))
        #expect(!keeps(made.node))
        _ = kernel.release(made.node, writer.handle)
        #expect(!keeps(made.node), "what came into the cache beside the last write goes once")
        #expect(keeps(made.node))
        _ = kernel.release(made.node, reader.handle)
    }
}
