import FUSE
import Testing

/// Messages that no kernel sends: the service answers or ignores them, and continues.
struct MalformedTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Sends every opcode to the root, a file, a directory and an unknown node, with random bodies
    /// of every length.
    @Test func everyOpcodeOfEveryLength() throws {
        let kernel = try KernelSide()
        let file = kernel.create("file")
        let directory = kernel.send(
            .makeDirectory, Bytes().u32(0o755).u32(0).name("directory"))
        var random = Random(state: 42)
        for opcode in Opcode.allCases where opcode != .initialize {
            for node in [1, file.node, directory.node, 0, 4711] as [UInt64] {
                for length in 0..<112 {
                    var body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                    // Sometimes the body names an open handle.
                    if length >= 8, Bool.random(using: &random) {
                        body.replaceSubrange(0..<8, with: Bytes().u64(file.createdHandle).bytes)
                    }
                    kernel.deliver(kernel.message(opcode, node, body))
                    let replies = kernel.outbox.take()
                    #expect(replies.count == (opcode.hasReply ? 1 : 0), "\(opcode)")
                }
            }
        }
        #expect(kernel.attributes(1).errno == 0, "it goes on")
    }
}
