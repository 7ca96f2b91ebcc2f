/// How requests come from the kernel.
public enum Transport: String, Sendable, CaseIterable {
    /// As measured: for now always by ``device``, which on two CPUs is as fast or faster but for many small
    /// bypassed reads (docs/performance.md).
    case automatic = "auto"
    /// By read(2) and write(2) of /dev/fuse.
    case device
    /// By io_uring, with a queue for each CPU (Linux 6.14, where root has switched it on).
    case ring
}
