import Foundation
import SystemPackage
import Testing

@testable import FUSE

/// Refusals before any request to the kernel, and their messages.
@Suite("Mount points")
struct MountPointTests {
    private func kind(_ path: String) -> MountError.Kind? {
        do throws(MountError) {
            _ = try MountPoint.checked(FilePath(path))
            return nil
        } catch {
            #expect(error.mountPoint == FilePath(path))
            #expect(error.description.hasPrefix(path + ": "))
            return error.kind
        }
    }

    @Test("an empty directory is taken, by its path without links")
    func empty() throws {
        let folder = try ScratchFolder()
        let link = folder.path + "/link"
        let target = try folder.makeFolder("target")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
        #expect(try MountPoint.checked(FilePath(link)) == FilePath(target))
    }

    @Test("missing")
    func missing() throws {
        let folder = try ScratchFolder()
        #expect(kind(folder.path + "/none") == .mountPointMissing)
        #expect(kind(folder.path + "/none/below") == .mountPointMissing)
    }

    @Test("a file, and a path through a file")
    func file() throws {
        let folder = try ScratchFolder()
        let file = folder.path + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        #expect(kind(file) == .mountPointNotDirectory)
        #expect(kind(file + "/below") == .mountPointNotDirectory)
    }

    @Test("not empty")
    func notEmpty() throws {
        let folder = try ScratchFolder()
        try Data().write(to: URL(fileURLWithPath: folder.path + "/file"))
        #expect(kind(folder.path) == .mountPointNotEmpty)
    }

    @Test("something is mounted there", arguments: ["/", "/proc"])
    func busy(_ path: String) {
        #expect(kind(path) == .mountPointBusy)
    }

    @Test("a path of too many links")
    func loop() throws {
        let folder = try ScratchFolder()
        let link = folder.path + "/loop"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "loop")
        #expect(kind(link) == .other)
    }
}
