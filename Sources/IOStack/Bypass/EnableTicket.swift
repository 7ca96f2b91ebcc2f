/// What an ENABLE finds where it begins, and must find again where bypass is set.
///
/// A filter that withdraws bypass vetoes from now on and then sends STREAM_PAUSE or DISABLE
/// (spec 4.4). An ENABLE may have passed it before its veto and reach the file system after, where
/// nobody was left to pause. It finds another count than at its beginning, sets nothing, and is
/// asked again from where it began: so it meets the veto, if that still stands. The same goes for
/// filters that were attached meanwhile.
///
/// Invariant: whoever raises a count holds the lock under which bypass is set, so of the two one
/// sees the other: the ENABLE the count, or the pause the handle with bypass.
struct EnableTicket: Hashable {
    let withdrawals: UInt64
    let pauses: UInt64
    let disables: UInt64

    /// How often an ENABLE is asked from its beginning. Whoever withdraws bypass again and again
    /// keeps nobody in here for ever.
    static var attempts: Int { 64 }

    /// Under the volume's `state` lock and the stream's `control` lock.
    func isValid(
        for handle: borrowing BypassHandle, _ state: borrowing BypassVolume.State,
        _ control: borrowing BypassStream.Control
    ) -> Bool {
        if Mutant.noAskingAgain.isPlanted { return true }
        return self
            == EnableTicket(
                withdrawals: state.withdrawals, pauses: control.pauseEpoch,
                disables: handle.disables)
    }
}
