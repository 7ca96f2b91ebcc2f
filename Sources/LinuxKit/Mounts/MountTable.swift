public import SystemPackage

/// The mounts that this process sees, in the order of /proc/self/mountinfo.
public struct MountTable: Sendable, Hashable {
    public var entries: [MountEntry]

    public init(entries: [MountEntry]) {
        self.entries = entries
    }

    /// Reads the text of /proc/self/mountinfo; a line that does not parse is left out.
    public init(parsing text: [UInt8]) {
        entries = text.split(separator: UInt8(ascii: "\n")).compactMap { MountEntry(line: $0) }
    }

    /// Reads `<proc>/self/mountinfo`.
    ///
    /// - Throws: the errors of open(2) and read(2), such as ENOENT if /proc is not mounted.
    public init(paths: SystemPaths = .system) throws(Errno) {
        self.init(parsing: try KernelFile.bytes(of: paths.proc.appending("self/mountinfo")))
    }

    /// The mounts that this process sees; empty if /proc cannot be read.
    package static var current: MountTable {
        (try? MountTable()) ?? MountTable(entries: [])
    }

    /// The mount that programs see at an absolute path without links: later mounts hide earlier
    /// ones at the same place.
    package func top(at path: FilePath) -> MountEntry? {
        entries.last { $0.mountPoint == path }
    }

    /// The mount with that number (``FileStatus/mountID``).
    public func entry(id: UInt64) -> MountEntry? {
        entries.first { $0.id == id }
    }

    /// The mount that an open file was reached through: by its mount number if known, otherwise by
    /// its device, which bind mounts of one file system share.
    public func entry(for status: FileStatus) -> MountEntry? {
        if let id = status.mountID, let found = entry(id: id) { return found }
        return entries.last { $0.device == status.device }
    }

    /// The mount that holds an absolute path without symbolic links: the one with the longest mount
    /// point that is a prefix of the path. Among equals it is the last, which covers the others.
    public func entry(containing path: FilePath) -> MountEntry? {
        var best: MountEntry?
        for entry in entries where path.starts(with: entry.mountPoint) {
            let length = entry.mountPoint.components.count
            if length >= best?.mountPoint.components.count ?? 0 { best = entry }
        }
        return best
    }

    /// A mount of that device, if possible of the whole file system.
    public func entry(device: DeviceNumber) -> MountEntry? {
        let all = entries.filter { $0.device == device }
        return all.first { $0.root == "/" } ?? all.first
    }
}
