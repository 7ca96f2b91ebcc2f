import BypassIOProtocol

/// What an ENABLE finds where it begins, and must find again where bypass is set.
///
/// A filter that withdraws bypass vetoes from now on and then sends STREAM_PAUSE or DISABLE
/// (spec 4.4). An ENABLE may have passed it before its veto and reach the file system after, where
/// nobody was left to pause. It finds another count than at its beginning, sets nothing, and is asked
/// again from where it began: so it meets the veto, if that still stands. The same goes for filters
/// that were attached meanwhile.
///
/// Invariant: whoever raises a count holds the lock under which bypass is set, so of the two one sees
/// the other: the ENABLE the count, or the pause the file object with bypass.
struct EnableTicket: Hashable {
    fileprivate let withdrawals: UInt64
    fileprivate let pauses: UInt64
    fileprivate let disables: UInt64

    /// How often an ENABLE is asked from its beginning. Whoever withdraws bypass again and again keeps
    /// nobody in here for ever.
    static var attempts: Int { 64 }

    /// Under the volume's `state` lock and the stream's `control` lock.
    func isValid(
        for file: FileObject, _ state: borrowing Volume.State, _ control: borrowing Stream.Control
    ) -> Bool {
        #if INTERLEAVING
            if Interleaving.isMutant("NO_ASKING_AGAIN") { return true }
        #endif
        return self
            == EnableTicket(
                withdrawals: state.withdrawals, pauses: control.pauseEpoch, disables: file.disables)
    }
}

extension Volume {
    /// Before the ENABLE's chain is chosen; ends with ``endEnable(of:)``.
    func beginEnable(of file: FileObject) -> EnableTicket {
        EnableTicket(
            withdrawals: state.look { $0.withdrawals },
            pauses: file.stream.control.change { control in
                control.enablesUnderWay += 1
                return control.pauseEpoch
            },
            disables: file.disables)
    }

    func endEnable(of file: FileObject) {
        file.stream.control.change { $0.enablesUnderWay -= 1 }
    }

    /// Has every ENABLE under way ask again, and returns the file objects that have bypass: all that it
    /// does not ask again for.
    func withdrawFromEnables() -> [FileObject] {
        state.withLock { state in
            state.withdrawals += 1
            return state.bypassed.values.compactMap(\.file)
        }
    }

    /// What filters' post callbacks find of an ENABLE that is asked again; its caller, too, if that
    /// happened ``EnableTicket/attempts`` times.
    var askAgain: BypassIOResults {
        veto(.retry, "Bypass was withdrawn while it was being enabled.").results
    }
}
