internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The kernel's reads of a service before this one, until this one serves.
struct AdoptedReads: Sendable {
    /// By their places in the state, with the file objects for which the kernel reads.
    var doors: [UInt32: (door: any KernelReadDoor, files: [FileObject])] = [:]
    /// Of files about which no filter has been asked.
    var unasked: [FileObject] = []
}

/// The doors of open handles, each once.
struct HandedDoors {
    private(set) var all: [HandedDoor] = []
    /// By the doors' descriptors.
    private var places: [Int32: UInt32] = [:]

    mutating func record(
        _ door: HandedDoor, _ open: ExpectedOpen
    ) -> ServiceState.KernelReadRecord {
        let place = places[door.storage] ?? UInt32(all.count)
        if place == all.count {
            all.append(door)
            places[door.storage] = place
        }
        return ServiceState.KernelReadRecord(door: place, open: open)
    }
}

extension OpenWay {
    var handed: ServiceState.OpenWay {
        switch self {
        case .cached, .direct: .cached
        case .pastCache(let backing): .pastCache(backing.number)
        case .kernel(let backing): .kernel(backing.number)
        }
    }
}

/// Bypass, and the kernel's reads, of the service before this one.
extension VolumeFileSystem {
    // MARK: The kernel's reads

    func adoptGates(_ state: ServiceState) throws(RestartRefusal) {
        guard let gates = state.gates else { return }
        do throws(IOFailure) {
            try volume.fileSystem.adoptKernelReads(gates)
        } catch {
            throw .notRestored("the gates of the kernel's reads: \(error.status)")
        }
    }

    /// nil if the mount decides nothing about kernel reads.
    func decision(
        _ record: ServiceState.HandleRecord, on file: FileObject, of node: Node,
        _ state: ServiceState, _ session: Session
    ) throws(RestartRefusal) -> OpenDecision? {
        guard let handed = record.way else { return nil }
        guard let kernelRoute else {
            if case .cached = handed { return nil }
            throw .notRestored("\(record.path): the new service has bypass=request")
        }
        file.declareUncached()
        let way = kernelRoute.modes.restore(node.number, handed) {
            session.backing(adopting: $0)
        }
        guard let reads = record.kernelReads else {
            return OpenDecision(way: way, opener: nil, refusal: nil)
        }
        let door = try door(reads.door, state.doors[Int(reads.door)], for: file)
        return OpenDecision(
            way: way, opener: KernelOpener(door: door, adopting: reads.open), refusal: nil)
    }

    private func door(
        _ place: UInt32, _ handed: HandedDoor, for file: FileObject
    ) throws(RestartRefusal) -> any KernelReadDoor {
        let known = adoptedReads.withLock { reads -> (any KernelReadDoor)? in
            reads.doors[place]?.files.append(file)
            return reads.doors[place]?.door
        }
        if let known { return known }
        do throws(IOFailure) {
            let door = try file.kernelReadDoor(handed)
            adoptedReads.withLock { $0.doors[place] = (door, [file]) }
            return door
        } catch {
            throw .notRestored("\(file.openedPath): \(error.status)")
        }
    }

    /// The kernel's reads are this process' from now on. Each gate has been as the other left it
    /// until here; from here on it is as the filters of this process want it.
    func beginKernelReads() throws(IOFailure) {
        let doors = adoptedReads.withLock { reads in
            defer { reads.doors = [:] }
            return reads.doors.values.map { ($0.door, $0.files) }
        }
        for (door, files) in doors { volume.joinKernelReads(door, of: files) }
        kernelRoute?.modes.takeOver()
        // A gate that the host does not close is told of, and asked again at its next cause.
        try? volume.settleAdoptedKernelReads()
        try volume.fileSystem.goOnWithKernelReads(isAlone: true)
    }

    // MARK: Bypass

    /// Enables bypass for the handles that had it, and pauses what was paused. Every filter that is
    /// attached is asked, for handles that the kernel reads for later, by
    /// ``resumeAdopted(until:)``: their reads go on by the kernel in any case. Returns how many
    /// handles lost their bypass, because a layer refuses now.
    func restoreBypass(_ state: ServiceState) -> Int {
        var lost = 0
        let places = Dictionary(uniqueKeysWithValues: handles.snapshot.open)
        for record in state.handles where record.hasBypass {
            guard let file = places[Int(record.place)]?.file else { continue }
            if record.kernelReads != nil {
                if !file.adoptBypass(isPaused: record.isPaused) { lost += 1 }
                if file.awaitsResume { adoptedReads.withLock { $0.unasked.append(file) } }
                continue
            }
            let answer = try? file.bypassIO(.enable)
            if answer?.results?.status.isSuccess != true { lost += 1 }
        }
        for record in state.handles where record.isPaused {
            guard let file = places[Int(record.place)]?.file, !file.stream.isPaused else {
                continue
            }
            // The right to pause was looked at when the pause came.
            _ = try? file.bypassIO(.streamPause, requestor: .kernel)
        }
        return lost
    }

    /// Asks every filter about the files that the kernel reads: a filter may look through a whole
    /// file before it agrees. Until it does, their gates are closed. Returns whether all have been
    /// asked.
    func resumeAdopted(until end: ContinuousClock.Instant?) -> Bool {
        while let file = adoptedReads.withLock({ $0.unasked.popLast() }) {
            if file.awaitsResume, !file.isClosed {
                _ = try? file.bypassIO(.streamResume, requestor: .kernel)
            }
            if let end, ContinuousClock.now >= end { return false }
        }
        return true
    }

    /// On a thread of its own, which ends with the last question.
    func resumeAdoptedLater() {
        guard adoptedReads.withLock({ !$0.unasked.isEmpty }) else { return }
        do throws(Errno) {
            try OwnThread.start(named: "bypassio-ask") { [self] in
                _ = resumeAdopted(until: nil)
            }.detach()
        } catch {
            _ = resumeAdopted(until: nil)
        }
    }
}
