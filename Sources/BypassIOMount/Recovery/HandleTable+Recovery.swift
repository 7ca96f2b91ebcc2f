internal import FUSE
internal import IOStack
internal import LinuxKit

/// Handles as they are written down for a successor, under the table's lock.
extension HandleTable {
    /// Before the kernel gets the number.
    func write(_ handle: OpenHandle, at place: Int, _ generation: UInt32, _ opener: RequestID) {
        guard let recovery else { return }
        let file = handle.file
        let open = file.handedOpen
        var record = RecoveryTable.Handle(
            flags: handle.recoveryFlags(open), generation: generation,
            node: handle.node.record?.place ?? .none,
            descriptor: open?.descriptor ?? -1, openFlags: open?.flags ?? 0,
            userID: file.requestor.userID, groupID: file.requestor.groupID,
            processID: file.requestor.processID, access: file.access.rawValue,
            state: handle.recoveryState, opener: opener.rawValue)
        record.backing = handle.decision?.way.backing?.number ?? 0
        if let kernel = handle.decision?.opener {
            record.door = kernel.door.storage.rawValue
            record.open = kernel.open.number
        }
        recovery.set(record, at: place)
    }

    /// Before its descriptor is closed.
    ///
    /// - Parameter generation: of the place's next handle.
    func erase(at place: Int, _ generation: UInt32) {
        recovery?.removeHandle(at: place, generation: generation)
    }

    /// After a change of bypass, of pauses or of mappings. Not while the handle is closed.
    func noteState(of number: HandleID) {
        guard let recovery, let handle = try? handle(number) else { return }
        recovery.set(handle.recoveryState, at: Self.place(of: number))
    }

    /// The same for every handle.
    func noteStates() {
        guard recovery != nil else { return }
        for (number, _) in numbered { noteState(of: number) }
    }

    /// The same for every handle of a file.
    func noteStates(of stream: IOStack.Stream) {
        guard recovery != nil else { return }
        for (number, handle) in numbered where handle.file.stream === stream {
            noteState(of: number)
        }
    }
}

extension OpenHandle {
    fileprivate func recoveryFlags(_ open: HandedOpen?) -> RecoveryTable.HandleFlags {
        var flags: RecoveryTable.HandleFlags = []
        if open?.isShared == true { flags.insert(.isShared) }
        if file.isNonCached { flags.insert(.isNonCached) }
        if file.requestor.mode == .user { flags.insert(.isUser) }
        if file.requestor.mayAdministerVolume { flags.insert(.isAdministrator) }
        if needsWriteBack { flags.insert(.needsWriteBack) }
        if mayTakeTwo { flags.insert(.mayTakeTwo) }
        if usesCache { flags.insert(.usesCache) }
        if writesDirectly { flags.insert(.writesDirectly) }
        if decision != nil { flags.insert(.isDecided) }
        if open == nil { flags.insert(.isLost) }
        if file.isNameless { flags.insert(.isNameless) }
        return flags
    }

    fileprivate var recoveryState: RecoveryTable.HandleState {
        var state: RecoveryTable.HandleState = []
        if file.isBypassEnabled {
            state.insert(.hasBypass)
            if file.awaitsProgramsResume { state.insert(.isPaused) }
        }
        if file.isInMappedUse { state.insert(.isMapped) }
        return state
    }
}
