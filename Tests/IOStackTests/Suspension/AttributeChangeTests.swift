import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Attributes that change while bypass is in use, spec 4.6")
struct AttributeChangeTests {
    let memory = MemoryVolume()

    private func change(
        _ set: FileAttributes, _ cleared: FileAttributes = []
    ) throws -> NTStatus? {
        let handle = try memory.volume.open("data", access: [], options: .attributesOnly)
        defer { handle.close() }
        return failure { try handle.apply(.attributes(set: set, cleared: cleared)) }
    }

    @Test("spec 4.6: compression of a bypass-active file is refused; without bypass it is not")
    func compression() throws {
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.streamPause)
        #expect(try change(.compressed) == .notSupportedWithBypassIO)
        _ = try file.bypassIO(.disable)
        #expect(try change(.compressed) == nil)
        #expect(try file.bypassIO(.enable).results?.status == .notSupportedWithCompression)
        #expect(try change([], .compressed) == nil)
        #expect(try file.bypassIO(.enable).results?.status == .success)
    }

    @Test("spec 4.6: encryption pauses; a resume meets the veto until the file is plain again")
    func encryption() throws {
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512).count }
        #expect(memory.disk.waitForHeldReads(1))
        let memory = self.memory
        let encrypt = OwnThread {
            let handle = try memory.volume.open("data", access: [], options: .attributesOnly)
            defer { handle.close() }
            try handle.apply(.attributes(set: .encrypted, cleared: []))
        }
        #expect(eventually { file.stream.isPaused })
        #expect(encrypt.isStillRunning())
        memory.disk.stopHoldingReads()
        _ = try read.result()
        try encrypt.result()
        #expect(try file.bypassIO(.getInfo).flags.contains(.streamBypassPaused))
        #expect(
            try file.bypassIO(.streamResume).results?.status == .encryptedFileNotSupported)
        #expect(file.stream.isPaused)
        #expect(try change([], .encrypted) == nil)
        #expect(try file.bypassIO(.streamResume).results?.status == .success)
        #expect(!file.stream.isPaused)
    }

    @Test("spec 4.6: a file marked sparse goes on traditionally, with the cause")
    func sparse() throws {
        let file = try memory.enabledFile()
        #expect(try change(.sparse) == nil)
        _ = try file.read(at: 0, length: 512)
        #expect(file.causes == [.sparse: 1] && file.routes == [.traditional: 1])
        #expect(!file.stream.isPaused)
    }

    @Test("spec 4.6: a resident file bypasses once its data left the inode")
    func resident() throws {
        let file = try memory.file()
        #expect(try change(.resident) == nil)
        #expect(try file.bypassIO(.enable).results?.status == .success)
        _ = try file.read(at: 0, length: 512)
        #expect(file.causes == [.resident: 1])
        #expect(try change([], .resident) == nil)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.traditional: 1, .fullBypass: 1])
    }

    @Test("an attribute cannot be set and cleared at once")
    func contradiction() throws {
        try memory.file().close()
        #expect(try change(.sparse, .sparse) == .invalidParameter)
    }

    @Test("spec 4.6: no file is compressed and bypassed, whichever comes first")
    func race() throws {
        let memory = self.memory
        let file = try memory.file()
        let isDone = Box(false)
        let compressor = OwnThread {
            let handle = try memory.volume.open("data", access: [], options: .attributesOnly)
            defer { handle.close() }
            while !isDone.value {
                _ = try? handle.apply(.attributes(set: .compressed, cleared: []))
                try handle.apply(.attributes(set: [], cleared: .compressed))
            }
        }
        var both = 0
        for _ in 0..<3000 {
            let verdict = try file.bypassIO(.enable).results?.status
            if verdict == .success, try file.information().attributes.contains(.compressed) {
                both += 1
            }
            _ = try file.bypassIO(.disable)
        }
        isDone.value = true
        try compressor.result()
        #expect(both == 0)
    }
}
