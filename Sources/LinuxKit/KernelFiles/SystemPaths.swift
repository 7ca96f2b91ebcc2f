public import SystemPackage

/// The mount points of the kernel's own file systems.
///
/// Discovery reads nothing outside these three directories, so a test can pass a tree of its own.
public struct SystemPaths: Sendable, Hashable {
    /// sysfs, "/sys".
    public var sys: FilePath
    /// procfs, "/proc".
    public var proc: FilePath
    /// Device nodes, "/dev".
    public var dev: FilePath

    public init(sys: FilePath, proc: FilePath, dev: FilePath) {
        self.sys = sys
        self.proc = proc
        self.dev = dev
    }

    /// The running machine.
    public static let system = SystemPaths(sys: "/sys", proc: "/proc", dev: "/dev")
}
