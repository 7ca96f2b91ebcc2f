public import SystemPackage

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
