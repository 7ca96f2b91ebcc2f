internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import Synchronization
internal import SystemPackage

/// What a service hands over, and how its successor takes it. No request is under way.
extension VolumeFileSystem {
    /// The state without what the session knows; throws what cannot be handed over.
    ///
    /// - Parameter gates: of the kernel's reads, which are halted.
    func state(
        _ negotiation: Negotiation, device: Int32, gates: HandedGates?
    ) throws(RestartRefusal) -> ServiceState {
        var doors = HandedDoors()
        guard let (nodes, places) = self.nodes.records() else { throw .files }
        let table = handles.snapshot
        var records: [ServiceState.HandleRecord] = []
        records.reserveCapacity(table.open.count)
        for (place, handle) in table.open {
            guard let node = places[ObjectIdentifier(handle.node)],
                var record = Self.record(of: handle, place: place, node: node)
            else { throw .files }
            record.way = handle.decision?.way.handed
            if let opener = handle.decision?.opener {
                guard let door = handle.file.handedDoor else { throw .kernelReads }
                record.kernelReads = doors.record(door, opener.open)
            }
            records.append(record)
        }
        return ServiceState(
            device: device, minor: negotiation.minor, flags: negotiation.flags.rawValue,
            maximumWrite: UInt32(clamping: negotiation.maximumWrite), root: self.nodes.root.id,
            lastNumber: self.nodes.lastOwnNumber, leavesAccessTime: leavesAccessTime,
            nodes: nodes, handles: records, generations: table.generations, gates: gates,
            doors: doors.all)
    }

    private static func record(
        of handle: OpenHandle, place: Int, node: UInt32
    ) -> ServiceState.HandleRecord? {
        let file = handle.file
        guard let open = file.handedOpen else { return nil }
        var record = ServiceState.HandleRecord(
            place: UInt32(place), node: node, open: open, path: file.openedPath,
            access: file.access.rawValue)
        record.isNonCached = file.isNonCached
        record.isUser = file.requestor.mode == .user
        record.userID = file.requestor.userID
        record.groupID = file.requestor.groupID
        record.processID = file.requestor.processID
        record.isAdministrator = file.requestor.mayAdministerVolume
        record.needsWriteBack = handle.needsWriteBack
        record.mayTakeTwo = handle.mayTakeTwo
        record.usesCache = handle.usesCache
        record.writesDirectly = handle.writesDirectly
        record.hasBypass = file.isBypassEnabled
        record.isPaused = file.isBypassEnabled && file.awaitsProgramsResume
        record.isMapped = file.isInMappedUse
        record.isNameless = file.isNameless
        return record
    }
}
