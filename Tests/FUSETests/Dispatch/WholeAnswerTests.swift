import SystemPackage
import Testing

@testable import FUSE

/// Answers that take what a service has as a whole, and send the part that is asked for.
@Suite("Answers from a whole")
struct WholeAnswerTests {
    /// Ten bytes, and a directory of three names.
    private final class Whole: FileSystem {
        private let content: [UInt8] = Array("0123456789".utf8)

        func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
            let content = content
            reply.succeed(content.span, for: request)
        }

        func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
            let entries = [
                ListedName(".", .directory(.root)),
                ListedName("one", .file(NodeID(2), size: 513)),
                ListedName("long-name", .file(NodeID(3), size: 0)),
            ]
            reply.succeed(entries, for: request)
        }

        func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
            guard request.text == "näme" else { return reply.fail(.noSuchFileOrDirectory) }
            reply.succeed(NodeEntry(node: NodeID(2), attributes: .file(NodeID(2), size: 513)))
        }
    }

    private func ask(_ opcode: Opcode, at offset: UInt64, _ size: UInt32) throws -> ReplyMessage {
        let served = try ServedConnection.agreed(Whole())
        let message = RequestMessage(opcode).u64(0).u64(offset).u32(size).zeros(20)
        return try #require(served.replies(to: message).first)
    }

    @Test(
        "a READ gets its part of the content, and nothing behind the end",
        arguments: [
            (0, 4096, "0123456789"), (3, 4, "3456"), (8, 4, "89"), (10, 1, ""), (11, 1, ""),
            (.max, .max, ""),
        ] as [(UInt64, UInt32, String)])
    func read(_ offset: UInt64, _ size: UInt32, _ expected: String) throws {
        // A READ larger than the buffer is refused before it comes here.
        let reply = try ask(.read, at: offset, min(size, 1 << 16))
        #expect(reply.errno == 0)
        #expect(Array(reply.body) == Array(expected.utf8))
    }

    @Test("a directory is listed in as many parts as it takes, each name once")
    func list() throws {
        var names: [String] = []
        var offset: UInt64 = 0
        while true {
            // Room for one name of up to 9 bytes.
            let reply = try ask(.readDirectory, at: offset, 40)
            #expect(reply.errno == 0)
            guard !reply.body.isEmpty else { break }
            let length = Int(reply.u32(16 + 16))
            names.append(String(decoding: reply.bytes[40..<40 + length], as: UTF8.self))
            #expect(reply.u32(16 + 20) == (names.count == 1 ? 4 : 8))
            offset = reply.u64(16 + 8)
        }
        #expect(names == [".", "one", "long-name"])
        #expect(try ask(.readDirectory, at: .max, 4096).body.isEmpty)
    }

    @Test("a name that fits in no answer is an error, not the directory's end")
    func narrow() throws {
        #expect(try ask(.readDirectory, at: 2, 32).errno == Errno.invalidArgument.rawValue)
    }

    @Test("a name is text, and a file's attributes follow from its size")
    func lookup() throws {
        let served = try ServedConnection.agreed(Whole())
        let found = try #require(served.replies(to: RequestMessage(.lookup).text("näme")).first)
        #expect(found.errno == 0)
        // Inode, size, blocks of 512 bytes; then the mode.
        #expect([found.u64(56), found.u64(64), found.u64(72)] == [2, 513, 2])
        #expect(found.u32(56 + 60) == 0o100644)
        let missing = try #require(served.replies(to: RequestMessage(.lookup).text("name")).first)
        #expect(missing.errno == Errno.noSuchFileOrDirectory.rawValue)
    }
}
