public import FUSE

/// How a volume is mounted.
public struct VolumeMountOptions: Sendable {
    public var mount = MountOptions()
    /// How long the kernel may use what it knows of a name or a file without asking. Changes that
    /// come through the mount count at once; only those made behind its back are seen so late.
    public var entryTimeout = Duration.seconds(1)
    public var attributesTimeout = Duration.seconds(1)
    /// The same for a name that does not exist.
    public var negativeTimeout = Duration.zero
    /// Where the file system tells what others do to its files, what the kernel knows of them is
    /// trusted for as long as they have been left alone, at most this long, in whole seconds. Zero:
    /// the limits above count.
    public var longestTrust = Duration.seconds(60)
    /// Requests that are carried at the same time, 1 to 256; those that wait do not count.
    public var maximumThreads = 16
    /// Requests that are carried or wait at the same time, 1 to 1024; at least ``maximumThreads``.
    public var threadLimit = 256
    /// How long a pause or a DISABLE waits for reads under way, see `IOStack.Volume.drainLimit`.
    public var drainLimit = Duration.seconds(30)
    /// How requests come from the kernel.
    public var transport = Transport.automatic
    /// Directories that are kept open at most; each takes a descriptor.
    public var maximumOpenDirectories = 1024
    /// Whoever opens a file for reading alone has the kernel read it, past the service, where every
    /// layer agrees (`IOStack.FileObject.grantKernelReads()`).
    public var grantsKernelReads = false
    /// Files of fewer bytes are left to the service: making their way for the kernel takes longer
    /// than the one request that brings all their data.
    public var smallestKernelFile: UInt64 = 128 << 10
    /// Who may pause and resume the bypass of a file's readers by the control code.
    public var pausers = StreamPausers.owner
    /// Opens never move access times.
    public var noAccessTime = false

    /// Is told how the mount's session fares, and of its requests.
    public var observer: (any SessionObserver)?

    public init() {
        mount.source = "bypassio"
        mount.subtype = "bypassio"
    }
}
