import Testing

@testable import FUSE

/// FUSE_INIT: the session asks for features that the kernel offers and that it supports.
@Suite("Negotiation")
struct NegotiationTests {
    /// The features that the library itself asks for, of bits 0 to 31.
    private static let own: UInt32 =
        1 << 0 | 1 << 5 | 1 << 15 | 1 << 18 | 1 << 21 | 1 << 22 | 1 << 29 | 1 << 30

    private func request(
        major: UInt32 = 7, minor: UInt32 = 45, flags: UInt32 = 0x73ff_fffb, high: UInt32 = 0x7fd
    ) -> RequestMessage {
        RequestMessage(.initialize).u32(major).u32(minor).u32(131072).u32(flags).u32(high)
            .zeros(44)
    }

    private func reply(_ served: ServedConnection, _ request: RequestMessage) throws -> ReplyMessage
    {
        let replies = served.replies(to: request)
        #expect(replies.count == 1)
        let reply = try #require(replies.first)
        #expect(reply.isAcceptable)
        return reply
    }

    @Test("fuse_init_out")
    func layout() throws {
        let served = try ServedConnection(ScriptedFileSystem(), maximumTransfer: 1 << 20)
        let reply = try reply(served, request())
        try #require(reply.bytes.count == 16 + 64)
        #expect(reply.u32(16) == 7)
        #expect(reply.u32(20) == 45)
        #expect(reply.u32(24) == 131072)
        #expect(reply.u32(28) == Self.own)
        #expect(reply.u16(32) == 8192)
        #expect(reply.u16(34) == 6144)
        #expect(reply.u32(36) == 1 << 20)
        #expect(reply.u32(40) == 1)
        #expect(reply.u16(44) == 256)
        #expect(reply.u16(46) == 0)
        #expect(reply.u32(48) == 0)
        #expect((52..<80).allSatisfy { reply.bytes[$0] == 0 })
        let agreed = try #require(served.connection.negotiation)
        #expect(agreed.minor == 45)
        #expect(agreed.flags.rawValue == UInt64(Self.own))
        #expect(agreed.maximumWrite == 1 << 20)
    }

    @Test("what the kernel does not offer is not asked for")
    func offered() throws {
        let features: InitFlags = [.readDirectoryPlus, .handleKillPrivileges, .posixACL]
        let offered: UInt32 = 1 << 0 | 1 << 13 | 1 << 30
        let served = try ServedConnection(ScriptedFileSystem(features: features))
        let reply = try reply(served, request(flags: offered, high: 0))
        #expect(reply.u32(28) == offered)
        #expect(served.connection.negotiation?.flags.contains(.posixACL) == false)
    }

    @Test("what the service does not honour is not asked for")
    func honoured() throws {
        let served = try ServedConnection(ScriptedFileSystem(features: .readDirectoryPlus))
        let reply = try reply(served, request(flags: .max, high: .max))
        #expect(reply.u32(28) == Self.own | 1 << 13)
        #expect(reply.u32(48) == 0)
    }

    @Test("the high half goes into flags2")
    func highHalf() throws {
        let served = try ServedConnection(ScriptedFileSystem(features: .directIOAllowMapping))
        let reply = try reply(served, request())
        #expect(reply.u32(28) == Self.own)
        #expect(reply.u32(48) == 1 << 4)
    }

    @Test("without INIT_EXT the high half does not count")
    func noHighHalf() throws {
        let served = try ServedConnection(ScriptedFileSystem(features: .directIOAllowMapping))
        let reply = try reply(served, request(flags: 1, high: .max))
        #expect(reply.u32(28) == 1)
        #expect(reply.u32(48) == 0)
    }

    @Test(
        "a newer minor version is answered with ours, an older with its own",
        arguments: [36, 44, 45, 46, 99] as [UInt32])
    func minor(_ minor: UInt32) throws {
        let served = try ServedConnection(ScriptedFileSystem())
        let reply = try reply(served, request(minor: minor))
        #expect(reply.errno == 0)
        #expect(reply.u32(20) == min(minor, 45))
        #expect(served.connection.negotiation?.minor == min(minor, 45))
    }

    @Test(
        "versions before 7.36 are refused",
        arguments: [(7, 35), (7, 0), (6, 45), (0, 0)] as [(UInt32, UInt32)])
    func tooOld(major: UInt32, minor: UInt32) throws {
        let served = try ServedConnection(ScriptedFileSystem())
        #expect(try reply(served, request(major: major, minor: minor)).errno == 71)
        #expect(served.connection.negotiation == nil)
        #expect(served.connection.isRefused)
        #expect(served.replies(to: RequestMessage.valid(.lookup)).map(\.errno) == [5])
    }

    @Test("a newer major version is told ours, and INIT comes again")
    func newerMajor() throws {
        let served = try ServedConnection(ScriptedFileSystem())
        let told = try reply(served, request(major: 8, minor: 3))
        #expect(told.errno == 0)
        #expect(told.u32(16) == 7)
        #expect(served.connection.negotiation == nil)
        #expect(try reply(served, request()).errno == 0)
        #expect(served.connection.negotiation != nil)
    }

    @Test("a transfer that is no whole number of pages is rounded down for READ")
    func pages() throws {
        let served = try ServedConnection(ScriptedFileSystem(), maximumTransfer: 10000)
        let reply = try reply(served, request())
        #expect(reply.u32(36) == 10000)
        #expect(reply.u16(44) == 2)
    }
}
