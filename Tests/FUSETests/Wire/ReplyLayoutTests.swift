import Testing

@testable import FUSE

/// The replies' structures by byte offsets, as linux/fuse.h of protocol 7.45 has them. Offsets
/// count from the message's beginning: 16 bytes of `fuse_out_header` come first.
@Suite("Layout of replies")
struct ReplyLayoutTests {
    private let attributes = ScriptedFileSystem.attributes

    private func reply(_ opcode: Opcode, length: Int) throws -> ReplyMessage {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        let reply = try #require(served.replies(to: RequestMessage.valid(opcode)).first)
        try #require(reply.bytes.count == length)
        #expect(reply.length == UInt32(length))
        #expect(reply.errno == 0)
        return reply
    }

    /// `struct fuse_attr`, 88 bytes.
    private func expectAttributes(_ reply: ReplyMessage, at start: Int) {
        #expect(reply.u64(start) == attributes.inode)
        #expect(reply.u64(start + 8) == attributes.size)
        #expect(reply.u64(start + 16) == attributes.blocks)
        #expect(reply.u64(start + 24) == 0x3132_3334)
        #expect(reply.u64(start + 32) == UInt64(bitPattern: -2))
        #expect(reply.u64(start + 40) == 0x5152_5354)
        #expect(reply.u32(start + 48) == 111_111_111)
        #expect(reply.u32(start + 52) == 222_222_222)
        #expect(reply.u32(start + 56) == 333_333_333)
        #expect(reply.u32(start + 60) == 0o100640)
        #expect(reply.u32(start + 64) == 0x6162_6364)
        #expect(reply.u32(start + 68) == 0x7172_7374)
        #expect(reply.u32(start + 72) == 0x4142_4344)
        // 12 bits of major between the low byte and the rest of minor.
        #expect(reply.u32(start + 76) == 0x123A_BC45)
        #expect(reply.u32(start + 80) == 65536)
        #expect(reply.u32(start + 84) == 0)
    }

    /// `struct fuse_entry_out`, 128 bytes.
    private func expectEntry(_ reply: ReplyMessage, at start: Int) {
        #expect(reply.u64(start) == ScriptedFileSystem.entry.node.rawValue)
        #expect(reply.u64(start + 8) == 0)
        #expect(reply.u64(start + 16) == 7)
        #expect(reply.u64(start + 24) == 8)
        #expect(reply.u32(start + 32) == 70)
        #expect(reply.u32(start + 36) == 80)
        expectAttributes(reply, at: start + 40)
    }

    @Test(
        "fuse_entry_out",
        arguments: [Opcode.lookup, .makeNode, .makeDirectory, .symbolicLink, .link])
    func entry(_ opcode: Opcode) throws {
        expectEntry(try reply(opcode, length: 16 + 128), at: 16)
    }

    @Test("a name that is not there is an entry of node 0")
    func absent() throws {
        final class Absent: FileSystem {
            let features: InitFlags = []
            func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
                reply.succeedAbsent(validFor: Validity(.milliseconds(2500)))
            }
        }
        let served = try ServedConnection.agreed(Absent())
        let reply = try #require(served.replies(to: RequestMessage.valid(.lookup)).first)
        #expect(reply.bytes.count == 16 + 128)
        #expect(reply.u64(16) == 0)
        #expect(reply.u64(32) == 2)
        #expect(reply.u32(48) == 500_000_000)
    }

    @Test("fuse_attr_out", arguments: [Opcode.getAttributes, .setAttributes])
    func attributes(_ opcode: Opcode) throws {
        let reply = try reply(opcode, length: 16 + 104)
        #expect(reply.u64(16) == 9)
        #expect(reply.u32(24) == 90)
        #expect(reply.u32(28) == 0)
        expectAttributes(reply, at: 32)
    }

    @Test("fuse_statx_out")
    func extendedStatus() throws {
        let reply = try reply(.extendedStatus, length: 16 + 288)
        #expect(reply.u64(16) == 3)
        #expect(reply.u32(24) == 30)
        #expect((28..<48).allSatisfy { reply.bytes[$0] == 0 })
        let start = 48
        #expect(reply.u32(start) == 0xFFF)
        #expect(reply.u32(start + 4) == 65536)
        #expect(reply.u64(start + 8) == 0)
        #expect(reply.u32(start + 16) == 0x6162_6364)
        #expect(reply.u32(start + 20) == 0x7172_7374)
        #expect(reply.u32(start + 24) == 0x4142_4344)
        #expect(reply.u16(start + 28) == 0o100640)
        #expect(reply.u64(start + 32) == attributes.inode)
        #expect(reply.u64(start + 40) == attributes.size)
        #expect(reply.u64(start + 48) == attributes.blocks)
        #expect(reply.u64(start + 56) == 0)
        let times: [(Int64, UInt32)] = [
            (0x3132_3334, 111_111_111), (99, 98), (0x5152_5354, 333_333_333), (-2, 222_222_222),
        ]
        for (index, (seconds, nanoseconds)) in times.enumerated() {
            #expect(reply.u64(start + 64 + 16 * index) == UInt64(bitPattern: seconds))
            #expect(reply.u32(start + 72 + 16 * index) == nanoseconds)
            #expect(reply.u32(start + 76 + 16 * index) == 0)
        }
        #expect(reply.u32(start + 128) == 0xABC)
        #expect(reply.u32(start + 132) == 0x12345)
        #expect((start + 136..<start + 256).allSatisfy { reply.bytes[$0] == 0 })
    }

    @Test("fuse_open_out", arguments: [Opcode.open, .openDirectory])
    func open(_ opcode: Opcode) throws {
        // The scripted file system leaves OPENDIR's flags as OPEN's.
        let reply = try reply(opcode, length: 16 + 16)
        #expect(reply.u64(16) == 0x1122_3344_5566_7788)
        #expect(reply.u32(24) == 1 | 1 << 5)
        #expect(reply.u32(28) == 0)
    }

    @Test("fuse_entry_out and fuse_open_out", arguments: [Opcode.create, .temporaryFile])
    func create(_ opcode: Opcode) throws {
        let reply = try reply(opcode, length: 16 + 128 + 16)
        expectEntry(reply, at: 16)
        #expect(reply.u64(144) == 0x1122_3344_5566_7788)
        #expect(reply.u32(152) == 1 << 1)
        #expect(reply.u32(156) == 0)
    }

    @Test("fuse_write_out")
    func write() throws {
        let reply = try reply(.write, length: 16 + 8)
        #expect(reply.u32(16) == 5)
        #expect(reply.u32(20) == 0)
    }

    @Test(
        "fuse_write_out and fuse_copy_file_range_out",
        arguments: [Opcode.copyFileRange, .copyFileRange64])
    func copy(_ opcode: Opcode) throws {
        #expect(try reply(opcode, length: 16 + 8).u64(16) == 4096)
    }

    @Test("READ carries the data and nothing else")
    func read() throws {
        let reply = try reply(.read, length: 16 + 4096)
        #expect(reply.body.indices.allSatisfy { reply.body[$0] == UInt8($0 & 0xFF) })
    }

    @Test("READLINK carries the target without a NUL")
    func readLink() throws {
        #expect(try reply(.readLink, length: 16 + 9).body == Array("../target".utf8))
    }

    @Test("fuse_kstatfs")
    func fileSystemStatus() throws {
        let reply = try reply(.fileSystemStatus, length: 16 + 80)
        for index in 0..<5 { #expect(reply.u64(16 + 8 * index) == UInt64(index + 1)) }
        #expect(reply.u32(56) == 6)
        #expect(reply.u32(60) == 7)
        #expect(reply.u32(64) == 6)
        #expect((68..<96).allSatisfy { reply.bytes[$0] == 0 })
    }

    @Test("fuse_lk_out")
    func lock() throws {
        let reply = try reply(.testLock, length: 16 + 24)
        #expect(reply.u64(16) == 10)
        #expect(reply.u64(24) == 20)
        #expect(reply.u32(32) == 1)
        #expect(reply.u32(36) == 30)
    }

    @Test("fuse_lseek_out")
    func seek() throws {
        #expect(try reply(.seek, length: 16 + 8).u64(16) == 0x0102_0304_0506_0708)
    }

    @Test("fuse_ioctl_out and the output")
    func control() throws {
        let reply = try reply(.control, length: 16 + 16 + 4)
        #expect(Int32(bitPattern: reply.u32(16)) == -7)
        #expect((20..<32).allSatisfy { reply.bytes[$0] == 0 })
        #expect(Array(reply.bytes[32...]) == [1, 2, 3, 4])
    }

    @Test(
        "fuse_getxattr_out, or the bytes",
        arguments: [Opcode.getExtendedAttribute, .listExtendedAttributes])
    func extendedAttribute(_ opcode: Opcode) throws {
        #expect(try reply(opcode, length: 16 + 16).body == Array("sixteen bytes...".utf8))
    }

    @Test(
        "requests that bring nothing back are answered by the header alone",
        arguments: [
            Opcode.unlink, .removeDirectory, .rename, .renameWithFlags, .release,
            .releaseDirectory, .synchronize, .synchronizeDirectory, .flush, .setExtendedAttribute,
            .removeExtendedAttribute, .setLock, .waitForLock, .access, .allocate,
            .synchronizeFileSystem, .destroy,
        ])
    func empty(_ opcode: Opcode) throws {
        _ = try reply(opcode, length: 16)
    }
}
