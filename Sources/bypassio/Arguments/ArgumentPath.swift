import Foundation
import HostFileSystem
import LinuxKit
import SystemPackage

/// A path from the command line.
///
/// File names are bytes, and need not be UTF-8; Swift repairs arguments that are not, so that the
/// repaired name is of no file. The kernel keeps the bytes.
enum ArgumentPath {
    /// The path of an argument.
    static func path(_ argument: String) -> FilePath {
        let bytes = argument.unicodeScalars.contains("\u{FFFD}") ? original(argument) : nil
        return unsafe FilePath(
            platformString: (bytes ?? Array(argument.utf8)).map { CChar(bitPattern: $0) } + [0])
    }

    /// The same from the root, for those who read it elsewhere; as it stands where it, or the way
    /// to here, is no text.
    static func absolute(_ argument: String) -> String {
        let here = FileManager.default.currentDirectoryPath
        guard !argument.isEmpty, !argument.hasPrefix("/"), !here.isEmpty,
            !(here + argument).unicodeScalars.contains("\u{FFFD}")
        else { return argument }
        var path = FilePath(here)
        for component in FilePath(argument).components where component.kind != .currentDirectory {
            path.append(component)
        }
        return path.string
    }

    /// The first argument that becomes this one when it is repaired.
    private static func original(_ argument: String) -> [UInt8]? {
        let zero: UInt8 = 0
        return commandLine?.split(separator: zero, omittingEmptySubsequences: false)
            .first { String(decoding: $0, as: UTF8.self) == argument }.map(Array.init)
    }

    private static var commandLine: [UInt8]? {
        try? KernelFile.bytes(of: "/proc/self/cmdline")
    }

    /// The absolute path of a mount point, without links. What is mounted there is not asked,
    /// because its service may be gone or hang: its directory is.
    static func mountPoint(_ argument: String) -> FilePath {
        let path = path(argument)
        guard let name = path.lastComponent, name.kind == .regular else {
            return resolved(path) ?? path
        }
        let folder = path.removingLastComponent()
        let above = resolved(folder.isEmpty ? "." : folder)
        let direct = above?.appending(name) ?? path
        if (try? MountTable())?.entries.contains(where: { $0.mountPoint == direct }) == true {
            return direct
        }
        // A link to the mount point.
        var status = stat()
        let isLink =
            unsafe direct.withPlatformString { unsafe lstat($0, &status) } == 0
            && status.st_mode & S_IFMT == S_IFLNK
        return isLink ? resolved(direct) ?? direct : direct
    }

    private static func resolved(_ path: FilePath) -> FilePath? {
        try? SystemCall.realPath(path)
    }
}
