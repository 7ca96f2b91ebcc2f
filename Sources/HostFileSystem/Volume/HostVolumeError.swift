internal import LinuxKit
public import SystemPackage

/// Why a directory could not become a volume: the directory, the cause, and the remedy.
public struct HostVolumeError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case directoryMissing
        case notADirectory
        case notPermitted
        /// Too many links on the way, or links that form a circle.
        case linksGoRound
        /// /proc is missing, or is no procfs.
        case mountTableUnreadable
        /// Any other error of the kernel.
        case hostRefused
    }

    public let kind: Kind
    /// The directory that was to become a volume.
    public let directory: FilePath
    /// The kernel's error.
    public let errno: Errno
    /// The cause, as a sentence.
    public let reason: String
    /// The remedy, as a sentence.
    public let advice: String

    /// `Cannot make "/srv/x" a volume: … . …`
    public var description: String {
        "Cannot make \"\(directory.string)\" a volume: \(reason) \(advice)"
    }

    init(_ directory: FilePath, _ errno: Errno) {
        self.directory = directory
        self.errno = errno
        switch errno {
        case .noSuchFileOrDirectory:
            kind = .directoryMissing
            reason = "There is no such directory."
            advice = "Make it first, or correct the path."
        case .notDirectory:
            kind = .notADirectory
            reason = "The path, or a part of it, is not a directory."
            advice = "Name the directory that holds the files."
        case .permissionDenied, .notPermitted:
            kind = .notPermitted
            reason = "This process may not search a directory on the way (errno \(errno.rawValue))."
            advice = "Run as a user who may, or grant search permission with chmod +x."
        case .tooManySymbolicLinkLevels:
            kind = .linksGoRound
            reason = "Symbolic links on the way lead round in a circle, or there are too many."
            advice = "Name the directory without links."
        default:
            kind = .hostRefused
            reason = "The kernel refused to open it: \(errno) (errno \(errno.rawValue))."
            advice = "See openat2(2) and the kernel's log."
        }
    }

    init(mountTable errno: Errno, paths: SystemPaths, directory: FilePath) {
        kind = .mountTableUnreadable
        self.directory = directory
        self.errno = errno
        let table = paths.proc.appending("self/mountinfo")
        reason = "The mount table \(table.string) cannot be read: \(errno)."
        advice = "Mount procfs at \(paths.proc.string)."
    }
}
