import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("The file system's own vetoes, spec 4.3 and 6.1")
struct FileSystemVetoTests {
    let memory = MemoryVolume()

    @Test(
        "spec 6.1: each attribute has its status, in the name of the file system",
        arguments: [
            (FileAttributes.compressed, UInt32(0xC000_04CA)), (.encrypted, 0xC000_04C3),
            (.sparse, 0xC000_04C4), (.paging, 0xC000_04C5), (.dax, 0xC000_049A),
        ])
    func attributes(attribute: FileAttributes, status: UInt32) throws {
        let file = try memory.file()
        try memory.fileSystem.setAttributes(attribute, at: "data")
        for operation in [BypassIOOperation.enable, .query] {
            let results = try #require(try file.bypassIO(operation).results)
            #expect(results.status == NTStatus(rawValue: status))
            #expect(results.driverName.string == "memfs")
            #expect(results.failureReason.string.hasPrefix("The file is "))
        }
        #expect(!file.isBypassEnabled && memory.disk.controls.isEmpty)
        try memory.fileSystem.setAttributes([.immutable, .appendOnly, .verity], at: "data")
        #expect(try file.bypassIO(.enable).results == BypassIOResults())
    }

    @Test("spec 6.1: ENABLE on a volume handle and on a directory is vetoed, QUERY is allowed")
    func handlesWithoutData() throws {
        let root = try memory.volume.open("")
        let directory = try memory.volume.open(
            CreateParameters(path: "d", disposition: .create, kind: .directory))
        for (handle, status) in [
            (root, NTStatus.volumeNotSupported), (directory, .notSupported),
        ] {
            let results = try #require(try handle.bypassIO(.enable).results)
            #expect(results.status == status)
            #expect(results.driverName.string == "memfs")
            #expect(!results.failureReason.isEmpty)
            #expect(try handle.query() == BypassIOResults())
            memory.disk.veto = StorageVeto(.accessDenied, reason: "Busy.")
            #expect(try handle.query().status == .accessDenied)
            memory.disk.veto = nil
        }
        #expect(root.stream.kind == .volume && directory.stream.kind == .directory)
        #expect(memory.volume.activeBypassCount == 0)
    }

    @Test("what is no regular file cannot take part")
    func specialFiles() throws {
        let fifo = try memory.volume.open(
            CreateParameters(
                path: "fifo", disposition: .create, kind: .special(device: 0), mode: 0o010644))
        for operation in [BypassIOOperation.enable, .query] {
            #expect(try fifo.bypassIO(operation).results?.status == .notSupported)
        }
    }

    @Test("a driver's further veto is given in the file system's name")
    func furtherVeto() throws {
        let file = try memory.file()
        memory.fileSystem.bypassVeto = StorageVeto(
            .notSupportedWithDeduplication, reason: "The file is deduplicated.")
        let results = try file.query()
        #expect(results.status == .notSupportedWithDeduplication)
        #expect(results.driverName.string == "memfs")
        #expect(results.failureReason.string == "The file is deduplicated.")
    }

    @Test("spec 4.6: a resident file may be enabled, but reads take the traditional route")
    func resident() throws {
        let file = try memory.file()
        try memory.fileSystem.setAttributes(.resident, at: "data")
        let answer = try file.bypassIO(.enable)
        #expect(answer.results == BypassIOResults())
        // Spec 6.9: a suspension is no pause.
        #expect(answer.flags == .compatibleStorageDriver)
        #expect(file.isBypassEnabled && file.stream.suspensions == .resident)
        _ = try file.read(at: 0, length: 512)
        #expect(file.causes == [.resident: 1])
        try memory.fileSystem.setAttributes([], at: "data")
        _ = try file.bypassIO(.query)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.traditional: 1, .fullBypass: 1])
    }
}
