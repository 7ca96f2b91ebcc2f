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
