import BypassIOProtocol
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

@Suite("Mounting directories of the host")
struct HostVolumeTests {
    private func failure(_ path: FilePath) -> HostVolumeError? {
        do throws(HostVolumeError) {
            _ = try HostVolume.mount(directory: path, on: IOManager())
            return nil
        } catch {
            return error
        }
    }

    @Test("The volume carries the host's file system and disk")
    func mount() throws {
        let host = try HostFixture()
        let topology = try StorageDiscovery().topology(of: host.root)
        #expect(host.volume.fileSystem.name == topology.fileSystem)
        #expect(host.volume.stack.storage.name == topology.storageDriverName)
        #expect(host.volume.stack.storage.storageType == topology.storageType)
        #expect(
            host.volume.stack.storage.supportsBypassIO == topology.hasCompatibleStorageDriver)
        #expect(host.volume.name == host.root.string)
        #expect(host.manager.volumes.count == 1)
        try host.manager.dismount(host.volume)
        #expect(host.manager.volumes.isEmpty)
    }

    @Test("Errors say what, where, why and what to do")
    func errors() throws {
        let folder = try TemporaryFolder()
        let missing = try #require(failure(folder.path.appending("none")))
        #expect(missing.kind == .directoryMissing)
        #expect(missing.description.contains("none"))
        #expect(missing.errno == .noSuchFileOrDirectory)
        #expect(!missing.advice.isEmpty)
        #expect(failure(try folder.file("file", [1]))?.kind == .notADirectory)
        #expect(failure("/dev/null")?.kind == .notADirectory)
        let loop = folder.path.appending("loop")
        try SystemCall.makeSymbolicLink(to: Array("loop".utf8), named: loop)
        #expect(failure(loop)?.kind == .linksGoRound)
        let empty = SystemPaths(sys: folder.path, proc: folder.path, dev: folder.path)
        #expect(
            throws: HostVolumeError(
                mountTable: .noSuchFileOrDirectory, paths: empty, directory: folder.path)
        ) {
            try HostVolume.mount(directory: folder.path, on: IOManager(), paths: empty)
        }
    }

    @Test(
        "A directory that may not be searched is told apart",
        .enabled(if: !HostTool.isRoot, "root may search everything"))
    func notPermitted() throws {
        let folder = try TemporaryFolder()
        let shut = folder.path.appending("shut")
        try SystemCall.makeDirectory(shut, mode: 0o755)
        try SystemCall.makeDirectory(shut.appending("inner"), mode: 0o755)
        let place = OpenFile(try SystemCall.open(shut, .pathOnly))
        try withExtendedLifetime(place) {
            try SystemCall.changeMode(of: place.descriptor, to: 0)
            #expect(failure(shut.appending("inner"))?.kind == .notPermitted)
            try SystemCall.changeMode(of: place.descriptor, to: 0o755)
        }
    }

    @Test("The errno of a refusal becomes its kind")
    func kinds() {
        #expect(HostVolumeError("/x", .permissionDenied).kind == .notPermitted)
        #expect(HostVolumeError("/x", .notPermitted).kind == .notPermitted)
        #expect(HostVolumeError("/x", .tooManyOpenFiles).kind == .hostRefused)
    }

    @Test("spec 4.5: only layers that refuse become volume drivers, with their own status")
    func layers() throws {
        func layer(_ driver: String, _ role: VolumeLayer.Role) -> VolumeLayer {
            VolumeLayer(driver: driver, name: "dm-0", device: nil, role: role, depth: 0)
        }
        #expect(HostVolumeLayer(layer("dm-linear", .passesThrough)) == nil)
        for (role, status) in [
            (VolumeLayer.Role.encrypts, NTStatus.notSupportedWithEncryption),
            (.snapshots, .notSupportedWithSnapshot), (.fileBacked, .noBypassIODriverSupport),
            (.mirrors, .noBypassIODriverSupport), (.unknown, .noBypassIODriverSupport),
        ] {
            let driver = try #require(HostVolumeLayer(layer("dm-x", role)))
            let veto = driver.manageBypassIO(StorageBypassIOInput(operation: .query))
            #expect(veto?.status == status)
            #expect(veto?.reason.isEmpty == false)
            #expect(driver.name == "dm-x")
        }
    }

    @Test("spec 4.5: the caller's volume drivers sit above the host's layers")
    func order() throws {
        let folder = try TemporaryFolder()
        let mine = try #require(
            HostVolumeLayer(
                VolumeLayer(
                    driver: "mine", name: "m", device: nil, role: .encrypts, depth: 0)))
        let volume = try HostVolume.mount(
            directory: folder.path, on: IOManager(), volumeDrivers: [mine])
        #expect(volume.stack.drivers.first?.name == "mine")
        try folder.file("file", pattern(8192))
        let file = try volume.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(try file.bypassIO(.query).results?.status == .notSupportedWithEncryption)
        #expect(try file.read(at: 0, length: 4096) == Array(pattern(8192)[..<4096]))
        #expect(file.readsByRoute[.filterBypass] == 1)
    }
}
