import FUSE
import IOStack
import MemoryFileSystem

@testable import BypassIOMount
@testable import IOStack

/// What holds at every rest: no request is under way.
extension World {
    func checkAtRest() {
        guard operations.isEmpty, !areNamesLocked, scheduler.busy(from: Cast.spares) == 0,
            scheduler.heldLocks == 0
        else { return }
        scheduler.atomically { checkState() }
    }

    private func checkState() {
        rests += 1
        let volume = life.volume
        let inFlight = volume.bypassedReadsInFlight
        demand(inFlight == (0, 0), "at rest \(inFlight) reads count as in flight")
        let handles = files.values.flatMap(\.handles)
        demand(
            life.fileSystem.handles.count == handles.count,
            "\(life.fileSystem.handles.count) handles are open instead of \(handles.count)")
        var enabled = 0
        for file in files.values { enabled += checkStream(file) }
        demand(
            volume.activeBypassCount == enabled,
            "\(volume.activeBypassCount) files count as bypassing, \(enabled) handles have it")
        checkDrivers(enabled)
        areRoutesKnown = true
        if rests % 8 == 0 { checkBytes() }
    }

    /// Returns how many of the file's handles have bypass.
    private func checkStream(_ file: FileRecord) -> Int {
        let objects = file.handles.compactMap { handle in
            (try? life.fileSystem.handles.handle(HandleID(handle.number)).file).map {
                (handle, $0)
            }
        }
        demand(objects.count == file.handles.count, "an open handle is not known")
        guard let stream = objects.first?.1.stream else { return 0 }
        demand(
            objects.allSatisfy { $0.1.stream === stream && $0.1.stream.id.inode == file.inode },
            "handles of inode \(file.inode) belong to another file")
        for (handle, object) in objects {
            demand(
                !areRoutesKnown || handle.hasBypass == object.isBypassEnabled,
                "a handle has \(object.isBypassEnabled ? "" : "no ")bypass, against the model")
            demand(
                !(handle.isDisabled && object.isBypassEnabled), "bypass came without an ENABLE")
            handle.hasBypass = object.isBypassEnabled
        }
        let enabled = objects.count { $0.1.isBypassEnabled }
        demand(stream.bypassOpenCount == enabled, "a stream counts \(stream.bypassOpenCount)")
        demand(stream.bypassedReadsInFlight == 0, "at rest a stream has reads in flight")
        checkSuspensions(file, stream)
        checkPause(file, stream, enabled)
        return enabled
    }

    private func checkSuspensions(_ file: FileRecord, _ stream: IOStack.Stream) {
        let isCached = file.handles.contains { !$0.isDirect }
        demand(
            stream.suspensions.contains(.cachedHandle) == isCached,
            "cached handles \(isCached ? "do not suspend" : "are gone and suspend") bypass")
        let isSuspended = stream.suspensions.contains(.sparse)
        if areRoutesKnown {
            demand(file.routes.isSuspended == isSuspended, "a suspension is lost, or stays")
        }
        file.routes.isSuspended = isSuspended
        if !isSuspended { file.routes.suspensionHasReturned = false }
    }

    private func checkPause(_ file: FileRecord, _ stream: IOStack.Stream, _ enabled: Int) {
        let routes = file.routes
        if areRoutesKnown {
            demand(
                routes.isPaused == stream.isPaused,
                "the pause of inode \(file.inode) \(stream.isPaused ? "stays" : "is lost")")
        }
        let holders = filters.values.filter { $0.state == .attached }
        let isHeld = holders.contains { filter in
            filter.paused.contains { $0 === file } || filter.withdrawn.contains { $0 === file }
        }
        demand(!isHeld || enabled == 0 || stream.isPaused, "a filter's pause is lost")
        let mayHold = holders.contains { filter in
            filter.vetoes || filter.kind == .legacy
                || filter.standing.contains { $0 === file }
        }
        demand(
            !stream.isPaused || mayHold || isChanged || routes.lastResume < routes.lastPause,
            "inode \(file.inode) is paused, and nothing holds it: a resume is lost, or a pause "
                + "that failed stays")
        routes.isPaused = stream.isPaused
        routes.isResumeRefused = stream.bypass.control.look { $0.isResumeRefused }
    }

    private func checkDrivers(_ enabled: Int) {
        let gate = life.volume.bypass.gate.closed
        let isRefused = gate.contains(.storageRefused)
        let isPaused = gate.contains(.storagePaused)
        demand(enabled > 0 || !life.driver.isEnabled, "the drivers have not heard DISABLE")
        demand(
            enabled == 0 || isRefused || life.driver.isEnabled,
            "the drivers are skipped and have not heard ENABLE")
        if areRoutesKnown {
            demand(
                volumeRoutes.isPaused == isPaused,
                "the volume's pause \(isPaused ? "stays" : "is lost")")
            demand(
                enabled == 0 || volumeRoutes.isRefused == isRefused,
                "the drivers' refusal \(isRefused ? "stays" : "is lost")")
        }
        (volumeRoutes.isPaused, volumeRoutes.isRefused) = (isPaused, isRefused)
        demand(
            gate.contains(.filtersBlocked)
                == filters.values.contains { $0.kind == .legacy && $0.state == .attached },
            "a filter that did not opt in \(gate.contains(.filtersBlocked) ? "is gone and " : "")"
                + "blocks, or does not")
    }

    // MARK: What lies below

    /// What lies below is what the model allows, byte for byte.
    func checkBytes() {
        let device = truth.device
        for name in Name.all {
            demand(
                truth.inode(of: path(name)) == names[name]?.inode,
                "\(path(name)) below is not what was acknowledged")
        }
        for file in files.values where !file.bytes.isChanging {
            guard let bytes = truth.bytes(of: file.inode, device: device) else {
                fail("inode \(file.inode) is gone below")
            }
            let plain = isChanged ? bytes.map { $0 ^ WatchingFilter.key } : bytes
            if let fault = file.bytes.fault(
                of: plain, at: 0, length: FileModel.limit, since: events)
            {
                fail("inode \(file.inode) below: \(fault)")
            }
            file.bytes.settle(plain, now: tick())
        }
    }

    // MARK: The end of a life

    /// kill -9: of the service nothing is left, and what lies below stays. The kernel ends the
    /// requests under way with an error.
    func kill() {
        let old = life
        old.gate.isShut = true
        isDown = true
        scheduler.wait { [unowned self] in
            operations.isEmpty && scheduler.busy(from: Cast.spares) == 0
        }
        finish(old)
        journal.append("kill")
        do {
            try beginLife()
        } catch {
            fail("no new service begins: \(error)")
        }
        scheduler.atomically { checkBytes() }
        isDown = false
    }

    /// The end of the history: everything is closed.
    func end() {
        checkAtRest()
        for slot in slots.keys.sorted() {
            let operation = Operation(
                Step(1, .close, [slot]), life, began: tick())
            _ = close(operation)
        }
        checkAtRest()
        demand(life.volume.activeBypassCount == 0, "the last close leaves no bypass")
        scheduler.atomically { checkBytes() }
        finish(life)
        scheduler.atomically { checkBytes() }
    }

    /// Ends what is left of a process, and looks that nothing of it stays open.
    private func finish(_ life: Life) {
        for file in files.values {
            for handle in file.handles { handle.isReleased = true }
            (file.handles, file.node) = ([], nil)
            if file.links == 0 { files[file.inode] = nil }
            file.resetRoutes()
        }
        slots = [:]
        life.fileSystem.closeAll()
        do {
            try life.manager.dismount(life.volume)
        } catch {
            fail("a file stays open: \(error)")
        }
        demand(opensBelow == 0, "\(opensBelow) opens below are not closed")
        demand(below.disk.openHandles == 0, "\(below.disk.openHandles) descriptors stay open")
    }
}
