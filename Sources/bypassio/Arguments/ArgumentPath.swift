import FUSE
import Foundation
import HostFileSystem
import LinuxKit
import SystemPackage

/// A path from the command line.
///
/// File names are bytes and need not be UTF-8. Swift repairs an argument that is not, so that its
/// text names no file. The kernel keeps the bytes.
enum ArgumentPath {
    /// The path of an argument.
    static func path(_ argument: String) -> FilePath {
        let bytes = argument.unicodeScalars.contains("\u{FFFD}") ? original(argument) : nil
        return unsafe FilePath(
            platformString: (bytes ?? Array(argument.utf8)).map { CChar(bitPattern: $0) } + [0])
    }

    /// The same path from the root, for programs in another working directory. Returns the argument
    /// unchanged where it, or the working directory, is no UTF-8 text.
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

    /// The first argument that Swift's repair turns into this text.
    private static func original(_ argument: String) -> [UInt8]? {
        let zero: UInt8 = 0
        return commandLine?.split(separator: zero, omittingEmptySubsequences: false)
            .first { String(decoding: $0, as: UTF8.self) == argument }.map(Array.init)
    }

    private static var commandLine: [UInt8]? {
        try? KernelFile.bytes(of: "/proc/self/cmdline")
    }

    /// The absolute path of a mount point, without links. Asks only its directory, not the mount
    /// itself, whose service may be gone or hang.
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
        // The argument may be a link to the mount point.
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

extension ArgumentPath {
    /// The path of an argument, once what lies there has answered. A file whose service hangs would
    /// block this process for ever, even against SIGKILL. Throws a ``CommandError``.
    static func answering(_ argument: String) throws -> FilePath {
        let path = path(argument)
        guard ServiceQuestion.status(of: path, within: .seconds(5)) == .timedOut else {
            return path
        }
        throw CommandError(
            .inUse,
            "\(argument) did not answer within 5 seconds: the service of its mount is stopped, or what "
                + "it reads does not answer. bypassio umount --force MOUNTPOINT ends such a mount.")
    }
}
