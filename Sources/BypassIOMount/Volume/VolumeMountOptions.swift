public import FUSE

/// How a volume is mounted.
public struct VolumeMountOptions: Sendable {
    public var mount = MountOptions()
    /// How long the kernel may use a name or a file's attributes without asking. Changes through
    /// the mount show at once; only changes behind it may show this late.
    public var entryTimeout = Duration.seconds(1)
    public var attributesTimeout = Duration.seconds(1)
    /// The same for a name that does not exist.
    public var negativeTimeout = Duration.zero
    /// Where the file system reports changes behind the mount, the kernel may trust a name this
    /// long, and a file's attributes for as long as the file has been unchanged, at most this long.
    /// In whole seconds. Zero: only the limits above apply.
    public var longestTrust = Duration.seconds(60)
    /// Requests that the service carries at the same time, 1 to 256; requests that wait do not
    /// count.
    public var maximumThreads = 16
    /// Requests that the service carries or that wait at the same time, 1 to 1024; at least
    /// ``maximumThreads``.
    public var threadLimit = 256
    /// How long a pause or a DISABLE waits for reads in flight, see `IOStack.Volume.drainLimit`.
    public var drainLimit = Duration.seconds(30)
    /// How requests come from the kernel.
    public var transport = Transport.automatic
    /// The greatest number of directories that stay open; each takes a descriptor.
    public var maximumOpenDirectories = 1024
    /// For a program that opens a file for reading only, the kernel reads it, past the service,
    /// where every layer agrees (`IOStack.FileObject.grantKernelReads()`).
    public var grantsKernelReads = false
    /// The service reads files of fewer bytes: a kernel route takes longer to prepare than the
    /// single request that brings all their data.
    public var smallestKernelFile: UInt64 = 128 << 10
    /// The users that may pause and resume the bypass of a file's readers by the control code.
    public var pausers = StreamPausers.owner
    /// Opens never move access times.
    public var noAccessTime = false

    /// Gets events of the mount's session and its requests.
    public var observer: (any SessionObserver)?

    public init() {
        mount.source = "bypassio"
        mount.subtype = "bypassio"
    }
}
