public import BypassIOProtocol

/// The driver that moves bytes: StorNVMe's place, at the bottom of everything.
///
/// Called from any thread; an engine it makes belongs to the thread that made it.
public protocol StorageDriver: AnyObject, Sendable {
    /// The driver's real name, as FS_BPIO_* answers carry it, e.g. `nvme`, `virtio_blk`.
    var name: String { get }
    /// What `Storage Type:` prints, e.g. `NVMe`.
    var storageType: String { get }
    /// Opted in: `StorageSupportedFeatures` and `StorPortSetUnitAttributes(BypassIOSupported)`.
    var supportsBypassIO: Bool { get }
    /// What a driver that did not opt in is reported with; the default is
    /// `NTStatus.noBypassIODriverSupport` with a general reason.
    var standingVeto: StorageVeto { get }

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO: nil agrees, anything else is the driver's veto; throwing
    /// fails the IOCTL itself, which refuses like a veto, with that status. A DISABLE's answer is
    /// ignored. Called only on a driver that opted in, under a lock of the volume: must send no
    /// BypassIO control and close no file object from within.
    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto?

    /// Memory that ``read(_:into:)`` and ``write(_:from:)`` accept, at least `capacity` bytes.
    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer

    /// Reads into the start of `buffer`; returns the bytes read, fewer at the end of the file.
    /// Allocates nothing.
    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int

    /// Writes the first `extent.length` bytes of `buffer`; returns the bytes written.
    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int

    /// A descriptor of the host that anybody in this process may read the handle's bytes from, at
    /// the same offsets and by the same rules as ``read(_:into:)``, while the file is open; nil,
    /// the default, where there is none.
    func hostDescriptor(of handle: StorageHandle) -> Int32?

    /// An engine with `depth` slots of `slotSize` bytes, for the calling thread.
    func makeReadEngine(depth: Int, slotSize: Int) throws(IOFailure) -> any StorageReadEngine
}

extension StorageDriver {
    public var standingVeto: StorageVeto { .notOptedIn }

    public func hostDescriptor(of handle: StorageHandle) -> Int32? { nil }
}
