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
