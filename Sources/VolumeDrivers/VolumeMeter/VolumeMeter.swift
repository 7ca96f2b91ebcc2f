public import BypassIOProtocol
public import IOStack
import Synchronization

/// Counts the transfers through the volume stack. While it measures it must see every transfer, so
/// it refuses the storage bypass: reads may still skip the filters, but pass the volume stack. That
/// is "partial" BypassIO.
///
/// Usable from any thread. The counts are relaxed: they order nothing.
public final class VolumeMeter: VolumeDriver {
    public struct Figures: Sendable, Equatable {
        public var reads: UInt64 = 0
        public var bytesRead: UInt64 = 0
        public var writes: UInt64 = 0
        public var bytesWritten: UInt64 = 0
    }

    public let name = "volmeter"
    public let supportsBypassIO = true

    private let measures = Atomic<Bool>(false)
    private let reads = Atomic<UInt64>(0)
    private let bytesRead = Atomic<UInt64>(0)
    private let writes = Atomic<UInt64>(0)
    private let bytesWritten = Atomic<UInt64>(0)

    public init() {}

    /// Transfers since the meter was made.
    public var figures: Figures {
        Figures(
            reads: reads.load(ordering: .relaxed),
            bytesRead: bytesRead.load(ordering: .relaxed),
            writes: writes.load(ordering: .relaxed),
            bytesWritten: bytesWritten.load(ordering: .relaxed))
    }

    public var isMeasuring: Bool { measures.load(ordering: .acquiring) }

    /// After it returns, every read of the volume is counted until ``stopMeasuring(through:)``.
    /// First the veto stands; then the storage bypass is paused and drained, through any file
    /// object of the volume (spec 4.4). If the pause fails, the meter returns to its earlier state.
    public func startMeasuring(through file: FileObject) throws(IOFailure) {
        let old = measures.exchange(true, ordering: .sequentiallyConsistent)
        do throws(IOFailure) {
            _ = try file.bypassIO(.volumeStackPause, requestor: .kernel)
        } catch {
            if !old { measures.store(false, ordering: .sequentiallyConsistent) }
            throw error
        }
        // Another thread stopped the meter meanwhile. If this pause came after its resume, the
        // pause would stay for good.
        if !isMeasuring { try resume(through: file) }
    }

    /// Lets reads past again, if no other driver of the volume and storage stacks refuses.
    public func stopMeasuring(through file: FileObject) throws(IOFailure) {
        measures.store(false, ordering: .sequentiallyConsistent)
        try resume(through: file)
    }

    private func resume(through file: FileObject) throws(IOFailure) {
        _ = try file.bypassIO(.volumeStackResume, requestor: .kernel)
    }

    // MARK: VolumeDriver

    public func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        guard isMeasuring else { return nil }
        return StorageVeto(
            .notSupportedWithMonitoring, reason: "The volume's reads are being measured.")
    }

    /// The meter only counts and needs no bytes. The kernel may read less than it asks for.
    public func allowsUnseen(_ transfer: VolumeTransfer) -> Bool {
        reads.wrappingAdd(1, ordering: .relaxed)
        bytesRead.wrappingAdd(UInt64(transfer.extent.length), ordering: .relaxed)
        return true
    }

    public func willTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer
    ) throws(IOFailure) {}

    public func didTransfer(
        _ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int
    ) throws(IOFailure) {
        switch transfer.direction {
        case .read:
            reads.wrappingAdd(1, ordering: .relaxed)
            bytesRead.wrappingAdd(UInt64(count), ordering: .relaxed)
        case .write:
            writes.wrappingAdd(1, ordering: .relaxed)
            bytesWritten.wrappingAdd(UInt64(count), ordering: .relaxed)
        }
    }
}
