public import BypassIOProtocol

/// The driver that moves bytes, at the bottom of everything, in the place of StorNVMe.
///
/// Called from any thread. An engine belongs to the thread that made it.
public protocol StorageDriver: AnyObject, Sendable {
    /// The driver's real name, as FS_BPIO_* answers carry it, e.g. `nvme`, `virtio_blk`.
    var name: String { get }
    /// The text after `Storage Type:`, e.g. `NVMe`.
    var storageType: String { get }
    /// The driver opted in: `StorageSupportedFeatures` and
    /// `StorPortSetUnitAttributes(BypassIOSupported)`.
    var supportsBypassIO: Bool { get }
    /// The veto reported for a driver that did not opt in. The default is
    /// `NTStatus.noBypassIODriverSupport` with a general reason.
    var standingVeto: StorageVeto { get }

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO. nil agrees; any other result is the driver's veto. If it
    /// throws, the IOCTL itself fails, which refuses like a veto with that status. The answer to a
    /// DISABLE is ignored. Called only on a driver that opted in, under a lock of the volume: it
    /// must send no BypassIO control and close no file object from within.
    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto?

    /// Memory of at least `capacity` bytes that ``read(_:into:)`` and ``write(_:from:)`` accept.
    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer

    /// Reads into the start of `buffer`; returns the bytes read, fewer at the end of the file.
    /// Allocates nothing.
    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int

    /// Writes the first `extent.length` bytes of `buffer`; returns the bytes written.
    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int

    /// A descriptor of the host from which any code in this process may read the handle's bytes
    /// while the file is open, at the same offsets and by the same rules as ``read(_:into:)``. nil,
    /// the default: there is none.
    func hostDescriptor(of handle: StorageHandle) -> Int32?

    /// An engine with `depth` slots of `slotSize` bytes, for the calling thread.
    func makeReadEngine(depth: Int, slotSize: Int) throws(IOFailure) -> any StorageReadEngine
}

extension StorageDriver {
    public var standingVeto: StorageVeto { .notOptedIn }

    public func hostDescriptor(of handle: StorageHandle) -> Int32? { nil }
}
