import SystemPackage
import Testing

@testable import FUSE
@testable import FUSERing

/// A transport that another module brings.
@Suite("Transports")
struct TransportTests {
    private final class Quiet: FileSystem {}

    @Test("a transport that the kernel does not offer is refused before anything is mounted")
    func refused() throws {
        let folder = try ScratchFolder()
        let transport = Transport(
            FurtherTransport(
                flag: .overRing, obstacle: { ("it is not there", "Bring it along.") },
                makeSource: { _ throws(Errno) in throw .noFunction }))
        let error = #expect(throws: MountError.self) {
            _ = try Mounting.mount(
                Connection(Quiet()), at: FilePath(folder.path), options: MountOptions(),
                transport: transport)
        }
        #expect(error?.kind == .transportNotOffered)
        #expect(error?.description.contains("Bring it along.") == true)
    }

    @Test("a kernel without the ring says what it takes")
    func ring() throws {
        let obstacle = try #require(Transport.ring.further).obstacle()
        #expect((obstacle == nil) == Transport.isRingOffered)
        if let obstacle { #expect(obstacle.remedy.contains("echo Y > \(Transport.ringSwitch)")) }
    }

    @Test("FUSE alone offers the kernel no transport but /dev/fuse")
    func alone() throws {
        let served = try ServedConnection.agreed(ScriptedFileSystem())
        #expect(served.connection.negotiation?.flags.contains(.overRing) == false)
        #expect(Transport.device.further == nil && Transport.automatic.further == nil)
    }

    @Test("INIT agrees on a further transport that is ready, if the kernel offers it")
    func ready() throws {
        for isOffered in [true, false] {
            let served = try ServedConnection(ScriptedFileSystem())
            served.connection.offer(.overRing)
            // FUSE_OVER_IO_URING is bit 9 of the high half.
            let high: UInt32 = isOffered ? 0x7FD | 1 << 9 : 0x5FD
            let message = RequestMessage(.initialize).u32(7).u32(45).u32(131072).u32(0x73FF_FFFB)
                .u32(high).zeros(44)
            #expect(served.replies(to: message).map(\.errno) == [0])
            #expect(served.connection.isAgreed(.overRing) == isOffered)
        }
    }
}
