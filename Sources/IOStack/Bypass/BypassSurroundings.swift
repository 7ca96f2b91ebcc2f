import BypassIOProtocol

/// What a transition of a volume's bypass asks of the volume around it.
///
/// Called without a lock of the state machine but `storageTransition` for ``manageStorage(_:)``.
protocol VolumeSurroundings {
    /// Moves on reads that only this thread can finish.
    func advanceOwnReads() -> DrainProgress

    /// IOCTL_STORAGE_MANAGE_BYPASS_IO for the volume and storage drivers (spec 4.5): who refuses.
    func manageStorage(_ operation: StorageBypassIOOperation) -> BypassVeto?

    /// Puts the gates of all of the kernel's own reads where they belong now, and waits for those
    /// that a gate came in the way of. Throws what the host refused a gate with.
    func settleKernelReads(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// The same for a transition of one stream.
protocol StreamSurroundings: VolumeSurroundings {
    /// As ``VolumeSurroundings/settleKernelReads(until:)`` for the stream alone.
    func settleKernelReadsOfStream(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// Who asks whether a pause may end: a handle of the stream that has bypass.
protocol ResumeAsker {
    /// Sends a QUERY from the top of the stack; nil if the handle was closed meanwhile and another
    /// one asks from now on.
    mutating func query() -> BypassIOResults?

    /// Tells the handles apart.
    var number: Int { get }
}
