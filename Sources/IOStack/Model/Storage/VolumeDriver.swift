public import BypassIOProtocol

/// A driver between the file system and the storage: where volume encryption and snapshots sit.
///
/// It sees every read and write that does not bypass the volume stack, and every
/// IOCTL_STORAGE_MANAGE_BYPASS_IO on its way down. Called from any thread.
public protocol VolumeDriver: AnyObject, Sendable {
    /// The driver's real name, e.g. `volmeter`.
    var name: String { get }
    /// Opted in. One that did not vetoes everything with `NTStatus.noBypassIODriverSupport`.
    var supportsBypassIO: Bool { get }

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO: nil passes it on, anything else ends it with a veto;
    /// throwing fails the IOCTL itself, which refuses like a veto, with that status. A DISABLE's
    /// answer is ignored. Called under a lock of the volume: must send no BypassIO control and
    /// close no file object from within.
    func manageBypassIO(_ input: StorageBypassIOInput) throws(IOFailure) -> StorageVeto?

    /// The completion of an IOCTL_STORAGE_MANAGE_BYPASS_IO that this driver passed on, with what is
    /// below made of it: one that prepared to be skipped learns here that it will not be. Bottom
    /// up; under the same lock and with the same rules as ``manageBypassIO(_:)``. The default does
    /// nothing.
    func didManageBypassIO(_ input: StorageBypassIOInput, _ outcome: StorageControlOutcome)

    /// Whether a read may pass that the kernel carries itself while this driver has the storage
    /// bypass paused or refused, so that neither this driver nor any other sees its bytes. By
    /// default not: the program's read fails with EBUSY.
    func allowsUnseen(_ transfer: VolumeTransfer) -> Bool

    /// Before bytes are moved. Throwing ends the request; what is below never sees it. Must not
    /// pause the filter bypass of the very file, nor disable it or close it: the transfer may be a
    /// read that such a drain waits for.
    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure)

    /// After bytes were moved, `count` of them; drivers are asked bottom up, and none of them if
    /// the transfer failed. A driver that changes data (encryption) does it here for reads and in
    /// ``willTransfer(_:buffer:)`` for writes.
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
