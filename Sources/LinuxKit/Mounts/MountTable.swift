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

/// A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
///
/// Names on Linux are bytes. A `String` here is decoded as UTF-8 with replacement; a `FilePath`
/// keeps every byte.
public struct MountEntry: Sendable, Hashable {
    /// Unique while the mount lives; the same number as ``FileStatus/mountID``.
    public var id: UInt64
    public var parentID: UInt64
    /// `st_dev` of the files on it. btrfs subvolumes have others of their own.
    public var device: DeviceNumber
    /// The directory of the file system that is mounted; other than "/" for bind mounts and
    /// subvolumes.
    public var root: FilePath
    /// The mount point, seen from this process's root directory.
    public var mountPoint: FilePath
    /// Options of this mount, such as "rw", "relatime".
    public var options: [String]
    /// Type with subtype, such as "ext4" or "fuse.sshfs".
    public var fileSystemType: String
    /// The mounted source: "/dev/sda1", "server:/export", "none", …
    public var source: String
    /// Options of the file system behind the mount. Values keep every byte but the escapes.
    public var superOptions: [SuperOption]

    /// One option of the file system, "name" or "name=value".
    public struct SuperOption: Sendable, Hashable {
        public var name: String
        /// Unescaped bytes behind "="; nil without "=".
        public var value: [UInt8]?

        public init(name: String, value: [UInt8]?) {
            self.name = name
            self.value = value
        }
    }

    /// Reads one line without its line feed; nil when a mandatory field is missing.
    public init?(line: some Collection<UInt8>) {
        let fields = Array(line).split(separator: UInt8(ascii: " "))
        guard fields.count >= 9, let separator = fields.firstIndex(of: [UInt8(ascii: "-")]),
            separator >= 6, fields.count >= separator + 3,
            let id = UInt64(Self.text(fields[0])), let parent = UInt64(Self.text(fields[1])),
            let device = DeviceNumber(Self.text(fields[2]))
        else { return nil }
        self.id = id
        parentID = parent
        self.device = device
        root = FilePath(bytes: OctalEscapes.decode(fields[3]))
        mountPoint = FilePath(bytes: OctalEscapes.decode(fields[4]))
        options = fields[5].split(separator: UInt8(ascii: ",")).map { Self.text($0) }
        fileSystemType = Self.text(OctalEscapes.decode(fields[separator + 1]))
        source = Self.text(OctalEscapes.decode(fields[separator + 2]))
        // An empty source leaves two blanks in a row, which the split above swallows.
        let tail = fields.count > separator + 3 ? fields[separator + 3] : []
        superOptions = tail.split(separator: UInt8(ascii: ",")).map { option in
            let parts = option.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return SuperOption(
                name: Self.text(parts[0]),
                value: parts.count == 2 ? OctalEscapes.decode(parts[1]) : nil)
        }
    }

    package var isFUSE: Bool { fileSystemType == "fuse" || fileSystemType.hasPrefix("fuse.") }

    /// The values of every option of that name, in order.
    public func superOptionValues(_ name: String) -> [[UInt8]] {
        superOptions.filter { $0.name == name }.compactMap(\.value)
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// The "\040" escapes by which the kernel keeps blanks and line feeds out of its tables
/// (/proc/self/mountinfo, /proc/swaps).
package enum OctalEscapes {
    /// Undoes the escapes. A backslash without three octal digits stays as it is.
    package static func decode(_ field: some Collection<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(field.count)
        var rest = Array(field)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), let value = octal(digits) {
                decoded.append(value)
                rest = rest.dropFirst(3)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    private static func octal(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 3 else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            value = value * 8 + Int(digit - UInt8(ascii: "0"))
        }
        return UInt8(exactly: value)
    }
}
