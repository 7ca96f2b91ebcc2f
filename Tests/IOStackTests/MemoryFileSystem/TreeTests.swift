import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("MemoryFileSystem: names and files")
struct TreeTests {
    let memory = MemoryVolume()
    var volume: Volume { memory.volume }

    @discardableResult
    private func directory(_ path: FilePath) throws -> FileObject {
        try volume.open(CreateParameters(path: path, disposition: .create, kind: .directory))
    }

    private func make(_ path: FilePath, _ content: [UInt8] = []) throws {
        let file = try volume.open(path, access: [.read, .write], disposition: .create)
        if !content.isEmpty { try file.write(content, at: 0) }
        file.close()
    }

    private func link(_ path: FilePath, to target: String) throws {
        try volume.open(
            CreateParameters(
                path: path, disposition: .create, kind: .symbolicLink(target: Array(target.utf8)),
                options: .noFollow)
        ).close()
    }

    private func content(_ path: FilePath) throws -> [UInt8] {
        let file = try volume.open(path)
        defer { file.close() }
        return try file.read(at: 0, length: 100)
    }

    private func names(_ path: FilePath = "") throws -> [String] {
        let directory = try volume.open(path)
        defer { directory.close() }
        return try directory.entries(after: 0, limit: 100)
            .map { String(decoding: $0.name, as: UTF8.self) }
    }

    @Test("dispositions open, make, cut and refuse")
    func dispositions() throws {
        #expect(failure { try volume.open("a") } == .objectNameNotFound)
        #expect(failure { try volume.open("a", disposition: .overwrite) } == .objectNameNotFound)
        #expect(failure { try volume.open("no/a", disposition: .create) } == .objectPathNotFound)
        try make("a", [1, 2])
        #expect(failure { try volume.open("a", disposition: .create) } == .objectNameCollision)
        #expect(try content("a") == [1, 2])
        try volume.open("a", disposition: .openIf).close()
        #expect(try content("a") == [1, 2])
        try volume.open("a", access: .write, disposition: .overwriteIf).close()
        #expect(try content("a") == [])
        #expect(failure { try volume.open("a/b") } == .notADirectory)
        try directory("d")
        #expect(failure { try volume.open("d", access: .write) } == .fileIsADirectory)
        let long = FilePath(String(repeating: "n", count: 256))
        #expect(failure { try volume.open(long, disposition: .create) } == .nameTooLong)
    }

    @Test("paths cannot leave the volume; links are followed, and not for ever")
    func walking() throws {
        try directory("d")
        try make("d/f", [7])
        #expect(try content("../../d/./../d/f") == [7])
        try link("up", to: "../../d")
        #expect(try content("up/f") == [7])
        try link("absolute", to: "/d/f")
        #expect(try content("absolute") == [7])
        let bare = try volume.open("absolute", options: .noFollow)
        #expect(try bare.linkTarget() == Array("/d/f".utf8))
        #expect(try bare.information().kind == .symbolicLink)
        #expect(failure { try volume.open("d/f").linkTarget() } == .invalidParameter)
        try link("loop", to: "loop")
        #expect(failure { try volume.open("loop") } == .reparsePointNotResolved)
        try link("dangling", to: "new")
        try make2(through: "dangling")
        #expect(try content("new") == [5])
        let base = try volume.open("d")
        let relative = try volume.open(CreateParameters(path: "f", directory: base))
        #expect(try relative.read(at: 0, length: 1) == [7])
    }

    private func make2(through path: FilePath) throws {
        let file = try volume.open(path, access: [.read, .write], disposition: .openIf)
        try file.write([5], at: 0)
        file.close()
    }

    @Test("a hard link is the same file; the bytes go with the last name and the last open")
    func linksAndUnlink() throws {
        let root = try volume.open("")
        try make("a", [1, 2, 3])
        let file = try volume.open("a")
        try file.apply(.link("b", in: root))
        #expect(try file.information().linkCount == 2)
        let other = try volume.open("b")
        #expect(other.stream === file.stream)
        #expect(failure { try file.apply(.link("b", in: root)) } == .objectNameCollision)
        try root.apply(.unlink("a", directory: false))
        try root.apply(.unlink("b", directory: false))
        #expect(failure { try root.apply(.unlink("b", directory: false)) } == .objectNameNotFound)
        #expect(try file.information().linkCount == 0)
        #expect(try file.read(at: 0, length: 3) == [1, 2, 3])
        #expect(memory.disk.usedBytes == 3)
        file.close()
        #expect(memory.disk.usedBytes == 3)
        other.close()
        #expect(memory.disk.usedBytes == 0 && memory.fileSystem.fileCount == 1)
    }

    @Test("a directory is removed when it is empty, and as a directory only")
    func directories() throws {
        let root = try volume.open("")
        let made = try directory("d")
        try make("d/f")
        #expect(try root.information().linkCount == 3)
        #expect(failure { try root.apply(.unlink("d", directory: false)) } == .fileIsADirectory)
        #expect(failure { try root.apply(.unlink("d", directory: true)) } == .directoryNotEmpty)
        try made.apply(.unlink("f", directory: false))
        try root.apply(.unlink("d", directory: true))
        #expect(failure { try volume.open("d") } == .objectNameNotFound)
        #expect(try root.information().linkCount == 2)
        #expect(failure { try made.apply(.link("x", in: root)) } == .cannotDelete)
    }

    @Test("renames replace, refuse to replace, exchange, and make no loops")
    func renames() throws {
        let root = try volume.open("")
        let inner = try directory("d")
        try make("a", [1])
        try make("b", [2])
        try root.apply(.rename(from: "a", to: "b", in: root, []))
        #expect(try names() == ["d", "b"] && content("b") == [1])
        try make("a", [3])
        #expect(
            failure { try root.apply(.rename(from: "a", to: "b", in: root, .noReplace)) }
                == .objectNameCollision)
        try root.apply(.rename(from: "a", to: "b", in: root, .exchange))
        #expect(try content("a") == [1] && content("b") == [3])
        #expect(
            failure { try root.apply(.rename(from: "a", to: "x", in: root, .exchange)) }
                == .objectNameNotFound)
        try root.apply(.rename(from: "a", to: "moved", in: inner, []))
        #expect(try content("d/moved") == [1])
        #expect(
            failure { try root.apply(.rename(from: "d", to: "e", in: inner, [])) }
                == .invalidParameter)
        #expect(
            failure { try root.apply(.rename(from: "b", to: "d", in: root, [])) }
                == .fileIsADirectory)
        #expect(
            failure { try root.apply(.rename(from: "d", to: "b", in: root, [])) }
                == .notADirectory)
        #expect(
            failure { try root.apply(.rename(from: "gone", to: "x", in: root, [])) }
                == .objectNameNotFound)
        #expect(try content("../d/moved") == [1])
        let foreign = try MemoryVolume().volume.open("")
        #expect(
            failure { try root.apply(.rename(from: "b", to: "b", in: foreign, [])) }
                == .notSameDevice)
    }

    @Test("a listing goes on from its cookie, whatever was removed meanwhile")
    func listing() throws {
        let root = try volume.open("")
        for number in 0..<10 { try make(FilePath("f\(number)")) }
        let first = try root.entries(after: 0, limit: 4)
        #expect(first.map { String(decoding: $0.name, as: UTF8.self) } == ["f0", "f1", "f2", "f3"])
        #expect(first.allSatisfy { $0.kind == .regularFile })
        try root.apply(.unlink("f3", directory: false))
        try root.apply(.unlink("f4", directory: false))
        let rest = try root.entries(after: first[3].cookie, limit: 100)
        #expect(
            rest.map { String(decoding: $0.name, as: UTF8.self) } == ["f5", "f6", "f7", "f8", "f9"])
        #expect(try root.entries(after: rest[4].cookie, limit: 100).isEmpty)
        #expect(failure { try volume.open("f0").entries(after: 0, limit: 1) } == .notADirectory)
    }

    @Test("temporary files have no name; special files keep their device")
    func unusualFiles() throws {
        let nameless = try volume.open(
            "", access: [.read, .write], options: .temporary)
        try nameless.write([9], at: 0)
        #expect(try names().isEmpty)
        let root = try volume.open("")
        try nameless.apply(.link("named", in: root))
        #expect(try content("named") == [9])
        let device = try volume.open(
            CreateParameters(
                path: "null", disposition: .create, kind: .special(device: 0x103),
                mode: 0o020666))
        #expect(try device.information().deviceNumber == 0x103)
        #expect(try device.information().kind == .characterDevice)
        #expect(failure { try device.read(at: 0, length: 1) } == .invalidDeviceRequest)
        #expect(
            failure {
                try volume.open(
                    CreateParameters(
                        path: "bad", disposition: .create, kind: .special(device: 0),
                        mode: 0o666))
            } == .invalidParameter)
    }
}
