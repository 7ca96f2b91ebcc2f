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

/// The outcome of an IOCTL_STORAGE_MANAGE_BYPASS_IO below a driver that passed it on.
public enum StorageControlOutcome: Sendable, Equatable {
    /// Every driver below agreed. A DISABLE has reached all of them.
    case agreed
    case vetoed(BypassVeto)
    /// A driver failed the IOCTL itself.
    case failed(driver: String, IOFailure)

    /// The file system's veto for this outcome; nil if no driver refused.
    var veto: BypassVeto? {
        switch self {
        case .agreed: nil
        case .vetoed(let veto): veto
        case .failed(let driver, let failure):
            BypassVeto(
                driver: driver, status: failure.status,
                reason: "The driver failed the request to manage bypass.")
        }
    }
}

/// Why a file system, volume or storage driver does not let BypassIO through.
public struct StorageVeto: Error, Sendable, Equatable {
    /// An error status.
    public var status: NTStatus
    /// One plain English sentence, cut to 128 UTF-16 units on the wire.
    public var reason: String

    public init(_ status: NTStatus, reason: String) {
        self.status = status
        self.reason = reason
    }

    /// The veto in the name of a driver that never opted in.
    public static var notOptedIn: StorageVeto {
        StorageVeto(
            .noBypassIODriverSupport,
            reason: "The specified driver does not support bypass IO.")
    }
}

/// A run of bytes on the storage.
@frozen
public struct StorageExtent: Hashable, Sendable {
    public var handle: StorageHandle
    /// In bytes from the beginning of the handle's bytes.
    public var offset: UInt64
    /// In bytes.
    public var length: Int

    @inlinable
    public init(handle: StorageHandle, offset: UInt64, length: Int) {
        self.handle = handle
        self.offset = offset
        self.length = length
    }
}

/// Where bytes lie for the storage driver: a file system maps a file's offsets to it.
@frozen
public struct StorageHandle: Hashable, Sendable {
    /// Only the storage driver knows its meaning (a descriptor, an index, a device).
    public let rawValue: Int32
    @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// A read that an engine finished.
@frozen
public struct StorageCompletion: Sendable, Equatable {
    public let slot: Int32
    /// Bytes read, or the negative errno.
    public let result: Int32

    @inlinable
    public init(slot: Int32, result: Int32) {
        self.slot = slot
        self.result = result
    }
}
