/// The counts that an ENABLE finds where it begins, and must find unchanged where bypass is set.
///
/// A filter that withdraws bypass vetoes from then on, and after that sends STREAM_PAUSE or DISABLE
/// (spec 4.4). An ENABLE may pass the filter before it vetoes, and reach the file system after the
/// filter found no handle to pause. Then it finds a changed count, sets nothing, and is sent again
/// from where it began. So it meets the veto, if that still stands. Filters attached meanwhile
/// change a count, too.
///
/// Invariant: a count is raised under the lock under which bypass is set. So either the ENABLE sees
/// the count, or the pause sees the handle with bypass.
struct EnableTicket: Hashable {
    let withdrawals: UInt64
    let pauses: UInt64
    let disables: UInt64

    /// How often an ENABLE is sent from its beginning. The limit ends the loop if a filter
    /// withdraws bypass again and again.
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
