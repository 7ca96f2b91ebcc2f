/// One file, as bypass knows it: the gate that its bypassed reads pass, what keeps them out, and
/// how many handles have bypass (`BypassIoOpenCount` of `FSRTL_ADVANCED_FCB_HEADER`).
///
/// What happens here, and what a whole volume's ``BypassVolume`` decides with it, is spec 4.3, 4.4
/// and 4.6.
struct BypassStream: ~Copyable, Sendable {
    /// Every bypassed read of the file passes here.
    let gate = StreamGate()

    /// What the file's controls change.
    ///
    /// Lock order: after the volume's `state`; a leaf. Hashable for the search through every order.
    struct Control: Hashable {
        /// Handles with bypass enabled (`FsRtlGetBypassIoOpenCount`).
        var bypassOpenCount = 0
        /// Counts STREAM_PAUSEs, those too that found nobody to pause: a resume does not undo a
        /// later one, and an ENABLE that began before asks again (``EnableTicket``).
        var pauseEpoch: UInt64 = 0
        /// ENABLEs that have not reached the file system yet, or are on their way back.
        var enablesUnderWay = 0
        /// Counts how often the last handle to have bypass lost it, which ends a pause.
        var lastDisables: UInt64 = 0
        /// DISABLEs, and pauses where nobody has bypass, that wait for the file's reads.
        var settling = 0
        /// Handles that do cached and mapped I/O.
        var cachedUsers = CachedUsers()
        /// Counts the beginnings and ends of changes of attributes that decide about BypassIO.
        var attributeChanges: UInt64 = 0
        var attributeChangesUnderWay = 0
        /// STREAM_PAUSEs that drain.
        var pausesUnderWay = 0
        // Last, these share a word.
        /// A pause in force was answered with success: one that fails later leaves it.
        var isPauseSettled = false
        /// A pause begins and ends with nobody having refused its end.
        var isPaused = false {
            didSet {
                isResumeRefused = false
                if !isPaused { pausers = [] }
            }
        }
        /// Somebody refused to end the pause in force: when a filter is detached, it is asked
        /// again.
        var isResumeRefused = false
        var suspensions: StreamSuspension = []
        /// Those that paused the file and have it resumed when they have nothing against bypass any
        /// more, or go; while a pause is in force.
        var pausers: [ObjectIdentifier] = []
    }
    let control = Guarded(Control())

    /// Somebody has bypass, or an ENABLE is under way.
    var mayHaveBypass: Bool { control.look { $0.bypassOpenCount > 0 || $0.enablesUnderWay > 0 } }

    // MARK: Who paused it

    /// Notes a pauser of the pause in force, if one is.
    func note(pauser: ObjectIdentifier) {
        control.change { control in
            guard control.isPaused, !control.pausers.contains(pauser) else { return }
            control.pausers.append(pauser)
        }
    }

    /// A pauser is gone.
    func forget(pauser: ObjectIdentifier) {
        control.change { control in control.pausers.removeAll { $0 == pauser } }
    }

    /// Paused, and `pauser` is to have it resumed when it has nothing against that any more: it
    /// paused it, or its veto may be what an earlier resume met.
    func isToBeResumed(by pauser: ObjectIdentifier) -> Bool {
        control.look { control in
            control.isPaused && (control.isResumeRefused || control.pausers.contains(pauser))
        }
    }

    // MARK: Attributes that decide about bypass

    /// ENABLEs that looked at the attributes before look at them again. False where `isExclusive`
    /// and somebody has bypass: then nothing begins.
    func beginAttributeChange(onlyWithoutBypass isExclusive: Bool) -> Bool {
        control.change { control in
            if isExclusive, control.bypassOpenCount > 0 { return false }
            control.attributeChanges += 1
            control.attributeChangesUnderWay += 1
            return true
        }
    }

    func endAttributeChange() {
        control.change { control in
            control.attributeChanges += 1
            control.attributeChangesUnderWay -= 1
        }
    }
}
