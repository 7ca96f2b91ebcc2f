import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// A filter that asks for a file's path gets the current path.
@Suite struct CurrentPathTests {
    let memory = MemoryVolume()

    private func directory(_ path: FilePath) throws -> FileObject {
        try memory.volume.open(
            CreateParameters(path: path, disposition: .create, kind: .directory, mode: 0o755))
    }

    @Test("the name after renames of the file and of a directory above it")
    func renames() throws {
        let root = try memory.volume.open("")
        let old = try directory("old")
        let seen = Box<[String?]>([])
        let note: PreOperationCallback = { data, _ in
            seen.value += [try? data.currentPath()]
            return .successNoCallback
        }
        let file = try memory.volume.open(
            "old/data", access: [.read, .write], disposition: .create)
        try memory.attach(
            filter(
                "namer", at: "200", OperationRegistration(.flushBuffers, preOperation: note),
                OperationRegistration(.create, preOperation: note)))
        try file.flush()
        let (name, other): (FilePath.Component, FilePath.Component) = ("data", "renamed")
        try old.apply(.rename(from: name, to: other, in: old, []))
        try file.flush()
        let (from, to): (FilePath.Component, FilePath.Component) = ("old", "new")
        try root.apply(.rename(from: from, to: to, in: root, []))
        try file.flush()
        #expect(file.openedPath == "old/data")
        try memory.volume.open(CreateParameters(path: "renamed", directory: old)).close()
        try old.apply(.unlink(other, directory: false))
        try file.flush()
        #expect(
            seen.value == ["old/data", "old/renamed", "new/renamed", "new/renamed", nil])
        #expect(failure { try file.currentPath() } == .objectNameNotFound)
        #expect(try root.currentPath() == "" && old.currentPath() == "new")
        file.close()
        #expect(failure { try file.currentPath() } == .fileClosed)
    }

    @Test("of several names that by which it was opened, while it is there")
    func links() throws {
        let root = try memory.volume.open("")
        try memory.file("first").close()
        let file = try memory.volume.open("first")
        let (first, second): (FilePath.Component, FilePath.Component) = ("first", "second")
        try file.apply(.link(second, in: root))
        #expect(try file.currentPath() == "first")
        try root.apply(.unlink(first, directory: false))
        #expect(try file.currentPath() == "second")
    }
}
