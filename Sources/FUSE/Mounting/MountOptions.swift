internal import CKernelABI
internal import Glibc
internal import LinuxKit
internal import SystemPackage

/// How a file system is mounted.
public struct MountOptions: Sendable, Equatable {
    /// Shown as the source by `df` and /proc/self/mounts.
    public var source = "fuse"
    /// The part of the type behind "fuse.".
    public var subtype = "fuse"
    /// Users other than the mounting user may use it; the kernel checks their permissions.
    public var allowOther = false
    public var readOnly = false
    /// Permission bits of the root (0o7777 at most), which the kernel takes for root's own
    /// directory until an answer of the service tells it more. An answer that crosses a
    /// notification about the root is dropped: with 0, users other than root are then refused once.
    /// fusermount3 always says 0.
    public var rootPermissions: UInt16 = 0
    /// fusermount3 sets this option and the next for every user but root.
    public var noSUID = true
    public var noDevices = true
    public var noExecution = false
    public var noAccessTime = false
    /// Of one read, in bytes; nil leaves it to the kernel.
    public var maximumRead: UInt32?
    /// How far the kernel reads ahead of a program, in KiB; nil leaves it at the kernel's 128. Only
    /// root can change it.
    public var readAhead: UInt32? = 1024

    /// While requests come one after the other, idle CPUs are kept from sleeping deeply: each
    /// request wakes up two threads. Only root can have that, and only where the kernel chooses how
    /// deep they sleep.
    public var keepsCPUsAwake = true

    public init() {}
}

extension MountOptions {
    /// For mount(2): options of the fuse type.
    func kernelOptions(device: Int32) -> String {
        let root = String(0o40000 | UInt32(rootPermissions & 0o7777), radix: 8)
        var options = [
            "fd=\(device)", "rootmode=\(root)", "user_id=\(geteuid())", "group_id=\(getegid())",
            "default_permissions",
        ]
        if allowOther { options.append("allow_other") }
        if let maximumRead { options.append("max_read=\(maximumRead)") }
        return options.joined(separator: ",")
    }

    var kernelFlags: UInt32 {
        var flags: UInt32 = 0
        if readOnly { flags |= BPIO_MS_RDONLY }
        if noSUID { flags |= BPIO_MS_NOSUID }
        if noDevices { flags |= BPIO_MS_NODEV }
        if noExecution { flags |= BPIO_MS_NOEXEC }
        if noAccessTime { flags |= BPIO_MS_NOATIME }
        return flags
    }

    /// For fusermount3, which always adds nosuid and nodev.
    var helperOptions: String {
        var options = [
            "fsname=\(Self.escaped(source))", "subtype=\(Self.escaped(subtype))",
            "default_permissions",
        ]
        if allowOther { options.append("allow_other") }
        if readOnly { options.append("ro") }
        if noExecution { options.append("noexec") }
        if noAccessTime { options.append("noatime") }
        if let maximumRead { options.append("max_read=\(maximumRead)") }
        return options.joined(separator: ",")
    }

    /// Commas separate options; a backslash takes their meaning away.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing(",", with: "\\,")
    }
}

/// How requests come from the kernel: by /dev/fuse, and by a transport that another module adds.
public struct Transport: Sendable {
    /// By read(2) and write(2) of /dev/fuse.
    public static let device = Transport(nil)
    /// As measured: for now always ``device``, which on two CPUs is as fast or faster than io_uring
    /// but for many small bypassed reads (docs/performance.md).
    public static let automatic = device

    /// nil: by /dev/fuse alone.
    package let further: FurtherTransport?

    package init(_ further: FurtherTransport?) {
        self.further = further
    }
}

/// How far the kernel reads ahead: INIT cannot raise it over 128 KiB, sysfs can.
enum ReadAhead {
    /// Sets it for a mounted file system, in KiB. Where that cannot be (another user than root, a
    /// container without sysfs), it stays as it was.
    static func set(_ amount: UInt32, ofDevice device: DeviceNumber) {
        KernelFile.write("\(amount)\n", to: FilePath("/sys/class/bdi/\(device)/read_ahead_kb"))
    }
}
