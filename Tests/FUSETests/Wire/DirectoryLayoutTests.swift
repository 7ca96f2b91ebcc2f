import Testing

@testable import FUSE

/// `struct fuse_dirent` and `struct fuse_direntplus`, each padded to 8 bytes.
@Suite("Layout of directories")
struct DirectoryLayoutTests {
    private func listing(_ opcode: Opcode, size: UInt32) throws -> ReplyMessage {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        let message = RequestMessage(opcode).u64(9).u64(0).u32(size).zeros(20)
        let reply = try #require(served.replies(to: message).first)
        #expect(reply.isAcceptable)
        #expect(reply.errno == 0)
        #expect(reply.body.count <= Int(size))
        return reply
    }

    private func expectEntry(
        _ reply: ReplyMessage, at start: Int, name: String, position: UInt64
    ) {
        #expect(reply.u64(start) == 0x0A0B_0C0D_0E0F_1011)
        #expect(reply.u64(start + 8) == position)
        #expect(reply.u32(start + 16) == UInt32(name.utf8.count))
        #expect(reply.u32(start + 20) == 4)
        let end = start + 24 + name.utf8.count
        #expect(Array(reply.bytes[start + 24..<end]) == Array(name.utf8))
        let padded = (end - start + 7) / 8 * 8 + start
        #expect(reply.bytes[end..<padded].allSatisfy { $0 == 0 })
    }

    @Test("READDIR")
    func plain() throws {
        let reply = try listing(.readDirectory, size: 128)
        expectEntry(reply, at: 16, name: ".", position: 1)
        expectEntry(reply, at: 48, name: "name-2", position: 2)
        expectEntry(reply, at: 80, name: "name-3", position: 3)
        #expect(reply.bytes.count == 16 + 4 * 32)
    }

    @Test("READDIRPLUS puts an entry before each, of node 0 where there is none")
    func plus() throws {
        let reply = try listing(.readDirectoryPlus, size: 4096)
        #expect((16..<144).allSatisfy { reply.bytes[$0] == 0 })
        expectEntry(reply, at: 144, name: ".", position: 1)
        #expect(reply.u64(176) == ScriptedFileSystem.entry.node.rawValue)
        #expect(reply.u64(176 + 40) == ScriptedFileSystem.attributes.inode)
        expectEntry(reply, at: 304, name: "name-2", position: 2)
    }

    @Test(
        "an entry that does not fit is not begun", arguments: [0, 1, 31, 32, 63, 64, 159, 160, 161])
    func room(_ size: Int) throws {
        let plain = try listing(.readDirectory, size: UInt32(size))
        #expect(plain.body.count == size / 32 * 32)
        let plus = try listing(.readDirectoryPlus, size: UInt32(size))
        #expect(plus.body.count == size / 160 * 160)
    }

    @Test("a size over the buffer's is cut to it")
    func large() throws {
        let reply = try listing(.readDirectory, size: .max)
        #expect(reply.body.count <= 1 << 16)
        #expect(reply.body.count > 1 << 15)
    }
}
