import BypassIOProtocol
import CKernelABI
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Programs that watch reads by the way of SOURCE's mount")
struct MountWatcherTests {
    @Test("only marks on mounts that ask before reads count")
    func marks() {
        let text = """
            pos:\t0
            flags:\t02
            mnt_id:\t15
            fanotify flags:4 event-flags:8000
            fanotify mnt_id:1d mflags:0 mask:20000 ignored_mask:0
            fanotify mnt_id:1e mflags:0 mask:10020 ignored_mask:20000
            fanotify mnt_id:2a0 mflags:2 mask:100000 ignored_mask:0
            fanotify sdev:800013 mflags:0 mask:20000 ignored_mask:0
            fanotify ino:4f969 sdev:800013 mflags:0 mask:20000 ignored_mask:0 fhandle-bytes:8
            """
        #expect(SystemCall.watchedMounts(in: Array(text.utf8)) == [0x1D, 0x2A0])
        #expect(SystemCall.watchedMounts(in: []) == [])
    }

    @Test(
        "the kernel is not let read files by whose mount somebody is asked before reads",
        .enabled(if: GateBench.isAvailable, "\(GateBench.needs)"))
    func watched() throws {
        let host = try HostFixture()
        try host.hostFile("file", pattern(8192))
        let folder = try SystemCall.open(host.root, [.pathOnly, .directory])
        let mount = try SystemCall.mountOfItsOwn(for: folder.descriptor)
        let number = try #require(try SystemCall.status(of: mount.descriptor).mountID)
        #expect(SystemCall.fanotifyMountWatchers()[number] == nil)
        // Another mount of the same folder, which only this test reads.
        let root = FilePath("/proc/self/fd/\(mount.descriptor.rawValue)")
        let before = try open("file", below: root)
        defer { before.close() }
        #expect(before.volume.fileSystem.kernelReadVeto(for: before) == nil)
        let group = try SystemCall.openGateGroup()
        try SystemCall.watchMount(
            mount.descriptor, adding: UInt64(BPIO_GATE_READ), by: group.descriptor)
        #expect(SystemCall.fanotifyMountWatchers()[number] != nil)
        // A new volume: a volume that has looked recently does not know the mark yet.
        let after = try open("file", below: root)
        defer { after.close() }
        let veto = after.volume.fileSystem.kernelReadVeto(for: after)
        #expect(veto?.status == .notSupportedWithMonitoring)
        #expect(veto?.reason.utf16.count ?? 200 <= 128)
        let refusal = #expect(throws: BypassVeto.self) { try after.grantKernelReads() }
        #expect(refusal?.status != .success && !after.isBypassEnabled)
    }

    private func open(_ path: FilePath, below root: FilePath) throws -> FileObject {
        let volume = try HostVolume.mount(directory: root, on: IOManager())
        return try volume.open(
            CreateParameters(
                path: path, directory: nil, access: .read, disposition: .open, kind: .any,
                options: [], mode: 0))
    }
}
