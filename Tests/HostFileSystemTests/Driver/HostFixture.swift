import BypassIOProtocol
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// A folder on the machine's disk, mounted as a volume for one test.
final class HostFixture: Sendable {
    let folder: TemporaryFolder
    /// The volume's root: a directory inside ``folder``, so that there is an outside to reach.
    let root: FilePath
    let manager = IOManager()
    let volume: Volume
    let fileSystem: HostFileSystem

    init(in parent: FilePath = "/var/tmp") throws {
        folder = try TemporaryFolder(in: parent)
        root = folder.path.appending("root")
        try SystemCall.makeDirectory(root, mode: 0o755)
        volume = try HostVolume.mount(directory: root, on: manager)
        fileSystem = try #require(volume.fileSystem as? HostFileSystem)
    }

    /// Makes a file on the host, past the stack.
    @discardableResult
    func hostFile(_ name: String, _ bytes: [UInt8] = []) throws -> FilePath {
        let path = root.appending(name)
        let file = try SystemCall.open(path, [.readWrite, .create, .truncate], mode: 0o644)
        try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
        try SystemCall.sync(file.descriptor)
        return path
    }

    func status(_ name: String) throws -> FileStatus {
        try SystemCall.status(of: root.appending(name), followingLinks: false)
    }

    /// Opens through the stack; the file closes with the last reference.
    func open(
        _ path: FilePath, access: CreateParameters.Access = .read,
        _ disposition: CreateParameters.Disposition = .open, kind: CreateParameters.Kind = .any,
        options: CreateParameters.Options = [], mode: UInt32 = 0o644,
        in directory: FileObject? = nil
    ) throws(IOFailure) -> FileObject {
        try volume.open(
            CreateParameters(
                path: path, directory: directory, access: access, disposition: disposition,
                kind: kind, options: options, mode: mode))
    }

    /// The errno with which an open fails; nil when it succeeds.
    func openErrno(
        _ path: FilePath, access: CreateParameters.Access = .read,
        _ disposition: CreateParameters.Disposition = .open, kind: CreateParameters.Kind = .any,
        options: CreateParameters.Options = [], mode: UInt32 = 0o644,
        in directory: FileObject? = nil
    ) -> Errno? {
        do throws(IOFailure) {
            try open(
                path, access: access, disposition, kind: kind, options: options, mode: mode,
                in: directory
            ).close()
            return nil
        } catch {
            return error.errno
        }
    }
}

extension HostFixture {
    /// Whether the driver can watch others' changes to the fixtures' file system.
    static var canBeWatched: Bool {
        (try? HostFixture())?.fileSystem.watchOutsideChanges() != nil
    }
}

/// The errno with which a call fails; nil when it succeeds.
func errno(_ body: () throws(IOFailure) -> Void) -> Errno? {
    do throws(IOFailure) {
        try body()
        return nil
    } catch {
        return error.errno
    }
}

/// Bytes that differ from page to page and from offset to offset.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 &+ $0 / 4096 &* 7) }
}
