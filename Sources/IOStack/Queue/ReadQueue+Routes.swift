import BypassIOProtocol
import DequeModule
import SystemPackage

/// The routes of a queue's read between ``ReadQueue/read(_:at:length:tag:)`` and
/// ``ReadQueue/next()``.
///
/// While a filter or volume driver is called, no member of the queue is under modification: it may
/// pause the stream, which finishes other reads of this queue (``advanceForDrain()``).
extension ReadQueue {
    // MARK: Bypassed

    /// Continues a read that the storage finished.
    @inline(__always)
    func finish(_ done: StorageCompletion) {
        let slot = Int(done.slot)
        let route = slots[slot].route
        assert(slots[slot].phase == .inStorage)
        if route == .fullBypass {
            let file = Int(slots[slot].file)
            files[file].end(route)
            conclude(slot, result: done.result)
        } else if route == .filterBypass {
            finishThroughVolumeDrivers(slot, done.result)
        } else {
            finishTraditional(slot, done.result)
        }
    }

    func startThroughVolumeDrivers(_ slot: Int) {
        slots[slot].phase = .inFilters
        do throws(IOFailure) {
            let transfer = VolumeTransfer(.read, extent(of: slot))
            try volume.stack.willTransfer(transfer, buffer: engine.buffer(ofSlot: slot))
            startStorage(slot)
        } catch {
            files[Int(slots[slot].file)].end(.filterBypass)
            conclude(slot, IOStatusBlock(error))
        }
    }

    private func finishThroughVolumeDrivers(_ slot: Int, _ result: Int32) {
        slots[slot].phase = .inFilters
        let status = throughVolumeDrivers(slot, result)
        files[Int(slots[slot].file)].end(.filterBypass)
        conclude(slot, status)
    }

    // MARK: Traditional

    func startTraditional(_ slot: Int) {
        let file = files[Int(slots[slot].file)].file
        slots[slot].phase = .inFilters
        if file.isClosed { return concludeUnfiltered(slot, IOStatusBlock(.fileClosed)) }
        guard volume.isFiltered(.read) else {
            do throws(IOFailure) {
                try passFileSystem(slot, file)
            } catch {
                concludeUnfiltered(slot, IOStatusBlock(error))
            }
            return
        }
        let data = request(for: slot, file)
        let chain = volume.currentOperations(for: .read)
        data.descent.begin(chain, below: file.entrance(below: nil))
        requests[slot] = data
        filteredCount += 1
        goOn(slot, data, FilterManager.descend(data, in: chain))
    }

    /// The slot's last request, turned into a new one if nothing else holds it any more.
    private func request(for slot: Int, _ file: FileObject) -> CallbackData {
        let parameters = IOParameters.read(
            offset: slots[slot].offset, length: slots[slot].length)
        let buffer = engine.buffer(ofSlot: slot)
        if var spare = spareRequests[slot].take(), isKnownUniquelyReferenced(&spare) {
            spare.begin(
                parameters, fileObject: file, requestor: file.requestor, buffer: buffer)
            return spare
        }
        return CallbackData(
            parameters, fileObject: file, requestor: file.requestor, buffer: buffer)
    }

    private func goOn(_ slot: Int, _ data: CallbackData, _ outcome: DescentOutcome) {
        switch outcome {
        case .pended: park(slot, data)
        case .completed: goUp(slot, data)
        case .reachedFileSystem: startFileSystemRead(slot, data)
        }
    }

    private func goUp(_ slot: Int, _ data: CallbackData) {
        guard let chain = data.descent.chain else {
            return assertionFailure("a request under way has a chain")
        }
        goOn(slot, data, FilterManager.ascend(data, in: chain))
    }

    private func goOn(_ slot: Int, _ data: CallbackData, _ outcome: AscentOutcome) {
        switch outcome {
        case .pended: park(slot, data)
        case .finished: concludeTraditional(slot, data)
        }
    }

    /// The file system's part: it finds where the bytes lie, and whether the volume drivers see the
    /// read.
    private func startFileSystemRead(_ slot: Int, _ data: CallbackData) {
        guard case .read(let offset, let length) = data.parameters, length >= 0,
            length <= slotSize, length <= data.buffer?.capacity ?? 0, offset <= UInt64(Int64.max),
            let file = data.fileObject
        else {
            data.fail(.invalidParameter)
            return goUp(slot, data)
        }
        slots[slot].offset = offset
        slots[slot].length = length
        do throws(IOFailure) {
            try passFileSystem(slot, file)
        } catch {
            data.ioStatus = IOStatusBlock(error)
            goUp(slot, data)
        }
    }

    /// Goes to the storage, through the volume drivers unless they are bypassed.
    private func passFileSystem(_ slot: Int, _ file: FileObject) throws(IOFailure) {
        let (offset, length) = (slots[slot].offset, slots[slot].length)
        volume.noteCachedTransfer(file, isWrite: false)
        let route = file.enterStorageBypass(offset: offset, length: length)
        slots[slot].route = route
        file.counters.count(route)
        do throws(IOFailure) {
            if route == .traditional {
                let transfer = VolumeTransfer(.read, extent(of: slot))
                try volume.stack.willTransfer(transfer, buffer: engine.buffer(ofSlot: slot))
            }
            startStorage(slot)
        } catch {
            file.leaveStorageBypass(route)
            throw error
        }
    }

    private func finishTraditional(_ slot: Int, _ result: Int32) {
        let route = slots[slot].route
        slots[slot].phase = .inFilters
        let status =
            route == .traditional
            ? throughVolumeDrivers(slot, result) : Self.status(of: result)
        files[Int(slots[slot].file)].file.leaveStorageBypass(route)
        guard let data = requests[slot] else { return concludeUnfiltered(slot, status) }
        data.ioStatus = status
        if data.hasSwappedBuffer { fillSwappedBuffer(data, slot) }
        goUp(slot, data)
    }

    /// The engine reads into the slot's own buffer, but a filter has replaced it.
    private func fillSwappedBuffer(_ data: CallbackData, _ slot: Int) {
        guard let buffer = data.buffer else { return }
        let count = data.ioStatus.information
        engine.buffer(ofSlot: slot).withBytes(count) { bytes in
            buffer.withMutableBytes(bytes.count) { $0.copy(bytes) }
        }
    }

    private func concludeTraditional(_ slot: Int, _ data: CallbackData) {
        requests[slot] = nil
        filteredCount -= 1
        data.descent.finish()
        files[Int(slots[slot].file)].inFlight -= 1
        conclude(slot, data.ioStatus)
        data.finish()
        if !data.wasPended { spareRequests[slot] = data }
    }

    private func concludeUnfiltered(_ slot: Int, _ status: IOStatusBlock) {
        files[Int(slots[slot].file)].inFlight -= 1
        conclude(slot, status)
    }

    // MARK: Pended

    private func park(_ slot: Int, _ data: CallbackData) {
        pendedCount += 1
        let inbox = self.inbox
        let wake = engine.wake
        guard let keeper = data.keeper else {
            return assertionFailure("a pended request is kept by nobody")
        }
        let outcome = data.parking.take(from: keeper) {
            inbox.post(slot)
            wake()
        }
        if let outcome { resume(slot, data, outcome) }
    }

    private func resume(_ slot: Int, _ data: CallbackData, _ outcome: RequestParking.Outcome) {
        pendedCount -= 1
        assert(pendedCount >= 0)
        guard let chain = data.descent.chain else {
            return assertionFailure("a request under way has a chain")
        }
        switch outcome {
        case .preOperation(let result):
            goOn(slot, data, FilterManager.resumeDescent(data, in: chain, with: result))
        case .postOperation:
            goOn(slot, data, FilterManager.resumeAscent(data, in: chain))
        }
    }

    /// Continues the requests that filters gave back; false if there was none.
    @discardableResult
    func resumePended() -> Bool {
        var hasResumed = false
        while let slot = inbox.take() {
            guard let data = requests[slot], let keeper = data.keeper,
                let outcome = data.parking.take(from: keeper, orElse: {})
            else { continue }
            hasResumed = true
            resume(slot, data, outcome)
        }
        return hasResumed
    }

    /// Waits while reads are on the traditional route, for the storage and for filters that give
    /// requests back. When the storage is done with such a read, filters may still keep it.
    func submitBesideFiltered(waitingFor minimum: Int) throws(IOFailure) {
        repeat {
            resumePended()
            while let done = engine.nextCompletion() { finish(done) }
            let isEnough = finished.count >= min(minimum, finished.count + inFlight)
            try engine.submit(waitingFor: isEnough ? 0 : 1, wakeable: pendedCount > 0)
            if isEnough { return }
        } while true
    }

    // MARK: Draining

    /// Moves reads on for a wait on this thread.
    ///
    /// A filter or volume driver may be the caller. The read that it was called for is neither at
    /// the storage nor pended. Only the storage may be waited for.
    func advanceForDrain() -> DrainProgress {
        let idle: DrainProgress =
            resumePended() ? .advanced : (pendedCount > 0 ? .toBeAskedAgain : .nothing)
        guard slots.contains(where: { $0.phase == .inStorage }) else { return idle }
        guard (try? engine.submit(waitingFor: 1, wakeable: false)) != nil else {
            return .toBeAskedAgain
        }
        while let done = engine.nextCompletion() { finish(done) }
        return .advanced
    }

    // MARK: Shared steps

    private func startStorage(_ slot: Int) {
        slots[slot].phase = .inStorage
        engine.start(
            slot: slot, file: files[Int(slots[slot].file)].engineFile,
            offset: slots[slot].offset, length: slots[slot].length)
    }

    private func extent(of slot: Int) -> StorageExtent {
        let handle = files[Int(slots[slot].file)].file.storage ?? StorageHandle(rawValue: -1)
        return StorageExtent(
            handle: handle, offset: slots[slot].offset, length: slots[slot].length)
    }

    private func throughVolumeDrivers(_ slot: Int, _ result: Int32) -> IOStatusBlock {
        guard result >= 0 else { return Self.status(of: result) }
        do throws(IOFailure) {
            try volume.stack.didTransfer(
                VolumeTransfer(.read, extent(of: slot)), buffer: engine.buffer(ofSlot: slot),
                count: Int(result))
            return Self.status(of: result)
        } catch {
            return IOStatusBlock(error)
        }
    }

    private static func status(of result: Int32) -> IOStatusBlock {
        result >= 0
            ? IOStatusBlock(.success, information: Int(result))
            : IOStatusBlock(IOFailure(errno: Errno(rawValue: -result)))
    }

    @inline(__always)
    private func conclude(_ slot: Int, result: Int32) {
        if result >= 0 {
            slots[slot].count = Int(result)
            slots[slot].status = 0
            slots[slot].phase = .done
            inFlight -= 1
            finished.append(Int32(slot))
        } else {
            conclude(slot, Self.status(of: result))
        }
    }

    private func conclude(_ slot: Int, _ status: IOStatusBlock) {
        slots[slot].count = min(max(status.information, 0), slotSize)
        slots[slot].status = status.status.rawValue
        slots[slot].hostErrno = status.hostErrno
        slots[slot].phase = .done
        inFlight -= 1
        finished.append(Int32(slot))
    }
}
