import BypassIOProtocol

/// The questions that a transition of a volume's bypass asks of the volume around it.
///
/// The state machine holds no lock of its own at a call, except `storageTransition` for
/// ``manageStorage(_:)``.
protocol VolumeSurroundings {
    /// Moves on reads that only the calling thread can finish.
    func advanceOwnReads() -> DrainProgress

    /// Sends IOCTL_STORAGE_MANAGE_BYPASS_IO to the volume and storage drivers (spec 4.5). Returns
    /// the veto of the driver that refuses.
    func manageStorage(_ operation: StorageBypassIOOperation) -> BypassVeto?

    /// Closes or opens the gates of all of the volume's kernel reads as their causes demand now,
    /// and drains those that it closed. Throws the host's error if the host refuses a gate.
    func settleKernelReads(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// The same questions for a transition of one stream.
protocol StreamSurroundings: VolumeSurroundings {
    /// ``VolumeSurroundings/settleKernelReads(until:)`` for this stream alone.
    func settleKernelReadsOfStream(until bound: DrainLimit) throws(IOFailure) -> DrainEnd
}

/// Asks whether a pause may end: a handle of the stream that has bypass.
protocol ResumeAsker {
    /// Sends a QUERY from the top of the stack. Returns nil if the handle was closed meanwhile; the
    /// next call asks by another handle.
    mutating func query() -> BypassIOResults?

    /// Tells the handles apart.
    var number: Int { get }
}
