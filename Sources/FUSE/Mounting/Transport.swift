/// How requests come from the kernel.
public enum Transport: String, Sendable, CaseIterable {
    /// By ``ring`` where the kernel offers it, otherwise by ``device``.
    case automatic = "auto"
    /// By read(2) and write(2) of /dev/fuse.
    case device
    /// By io_uring, with a queue for each CPU (Linux 6.14, where root has switched it on).
    case ring
}
