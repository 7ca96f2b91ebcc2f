public import BypassIOProtocol

/// A driver between the file system and the storage, where volume encryption and snapshots sit.
///
/// It sees every read and write that does not bypass the volume stack, and every
/// IOCTL_STORAGE_MANAGE_BYPASS_IO on its way down. Called from any thread.
public protocol VolumeDriver: AnyObject, Sendable {
    /// The driver's real name, e.g. `volmeter`.
    var name: String { get }
    /// The driver opted in. If it did not, every ENABLE and QUERY is vetoed with
    /// `NTStatus.noBypassIODriverSupport`.
    var supportsBypassIO: Bool { get }

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO. nil passes it on; any other result ends it with a veto. If
    /// it throws, the IOCTL itself fails, which refuses like a veto with that status. The answer to
    /// a DISABLE is ignored. Called under a lock of the volume: it must send no BypassIO control
    /// and close no file object from within.
    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto?

    /// The completion of an IOCTL_STORAGE_MANAGE_BYPASS_IO that this driver passed on, with the
    /// outcome below. A driver that prepared to be skipped learns here if it will not be. Called
    /// bottom up, under the same lock and with the same rules as ``manageBypassIO(_:)``. The
    /// default does nothing.
    func didManageBypassIO(_ input: StorageBypassIOInput, _ outcome: StorageControlOutcome)

    /// Whether the kernel may read by itself while this driver has the storage bypass paused or
    /// refused. No volume driver sees the bytes of such a read. By default it may not: the
    /// program's read fails with EBUSY.
    func allowsUnseen(_ transfer: VolumeTransfer) -> Bool

    /// Called before bytes are moved. If it throws, the request ends and no layer below sees it. It
    /// must not pause the filter bypass of the same file, nor disable or close it: the transfer may
    /// be a read that such a drain waits for.
    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure)

    /// Called after `count` bytes were moved, bottom up; no driver is called if the transfer
    /// failed. A driver that changes data (encryption) changes reads here and writes in
    /// ``willTransfer(_:buffer:)``.
    func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure)
}

extension VolumeDriver {
    public func allowsUnseen(_ transfer: VolumeTransfer) -> Bool { false }

    public func didManageBypassIO(
        _ input: StorageBypassIOInput, _ outcome: StorageControlOutcome
    ) {}
}
