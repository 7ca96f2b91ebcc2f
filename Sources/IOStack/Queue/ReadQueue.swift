import BypassIOProtocol
import DequeModule

/// Many reads at once, of any number of files of one volume, for one thread.
///
/// Made, used and closed on one thread. Each of its reads goes past the filters if bypass is in
/// force for it, otherwise through them. A bypassed read allocates nothing, takes no lock and
/// touches no reference count.
///
/// A pause and a detach wait for reads in flight, and only this thread finishes them. So keep
/// calling ``submit(waitingFor:)`` and ``next()`` while reads are in flight. A pause sent from this
/// very thread finishes them itself.
//
// The members' exclusive access is checked in debug builds only: one thread touches them, and the
// checks of one read cost more than the rest of it.
public final class ReadQueue: OwnReads {
    public let volume: Volume
    let engine: any StorageReadEngine
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var slots: [ReadSlot]
    /// The requests of reads on the traditional route, by slot.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var requests: [CallbackData?]
    /// Finished requests, by slot, to be reused.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var spareRequests: [CallbackData?]
    /// Slots whose reads are done but not yet returned by ``next()``, the oldest first.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var finished: RigidDeque<Int32>
    let inbox = ResumeInbox()
    /// Reads that filters keep.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var pendedCount = 0
    /// Reads on the traditional route.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var filteredCount = 0
    /// Reads begun and not yet finished.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    public internal(set) var inFlight = 0

    /// The most files of one queue, whatever is asked for.
    public static let largestFileLimit = 1 << 20

    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private var freeSlots: [Int32]
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    var files: RigidDeque<QueueEntry>
    private var freeFiles: [Int32] = []
    /// Attaches so far. The number tells a file from an earlier one in its place.
    private var attaches: UInt32 = 0
    /// Reads so far. The number tells a completion from an earlier one in its slot.
    #if !DEBUG
        @safe @exclusivity(unchecked)
    #endif
    private var reads: UInt32 = 0
    private var isClosed = false

    /// A queue with `depth` reads at once of at most `slotSize` bytes each, and at most `fileLimit`
    /// files. All its memory is allocated here. Throws the storage driver's failure.
    public init(
        _ volume: Volume, depth: Int, slotSize: Int, fileLimit: Int = 1024
    ) throws(IOFailure) {
        guard depth > 0, slotSize > 0, (1...Self.largestFileLimit).contains(fileLimit) else {
            throw IOFailure(.invalidParameter)
        }
        engine = try volume.stack.storage.makeReadEngine(depth: depth, slotSize: slotSize)
        self.volume = volume
        slots = [ReadSlot](repeating: ReadSlot(), count: depth)
        requests = [CallbackData?](repeating: nil, count: depth)
        spareRequests = [CallbackData?](repeating: nil, count: depth)
        freeSlots = (0..<Int32(depth)).reversed()
        files = RigidDeque(capacity: fileLimit)
        finished = RigidDeque(capacity: depth)
        OwnReadsRegistry.process.add(
            WeakOwnReads(self, isMine: engine.isOwnedByCurrentThread))
    }

    deinit { close() }

    public var depth: Int { slots.count }
    public var slotSize: Int { engine.slotSize }
    /// The mechanism that carries the reads, for people.
    public var engineSummary: String { engine.summary }
    /// True if another read can begin.
    public var hasFreeSlot: Bool { !freeSlots.isEmpty }

    // MARK: Files

    /// Puts a file object into the queue; it stays open at least until ``detach(_:)``. Throws
    /// `NTStatus.fileClosed` after its close, `NTStatus.invalidParameter` for a file object of
    /// another volume, `NTStatus.fileIsADirectory` for a directory, and
    /// `NTStatus.insufficientResources` if the queue is full.
    public func attach(_ file: FileObject) throws(IOFailure) -> QueuedFile {
        guard file.volume === volume, !isClosed else { throw IOFailure(.invalidParameter) }
        guard let storage = file.storage else { throw file.noDataFailure }
        guard file.access.contains(.read) else { throw IOFailure(.accessDenied) }
        guard !freeFiles.isEmpty || files.count < files.capacity else {
            throw IOFailure(.insufficientResources)
        }
        guard file.retain() else { throw IOFailure(.fileClosed) }
        let number: Int32
        do throws(IOFailure) {
            number = try engine.register(storage)
        } catch {
            file.release()
            throw error
        }
        attaches &+= 1
        let entry = QueueEntry(file: file, engineFile: number, attach: attaches)
        if let index = freeFiles.popLast() {
            files[Int(index)] = entry
            return QueuedFile(index: index, attach: attaches)
        }
        files.append(entry)
        return QueuedFile(index: Int32(files.count - 1), attach: attaches)
    }

    /// Takes a file object out of the queue. Throws `NTStatus.sharingViolation` while reads of it
    /// are in flight, and `NTStatus.invalidParameter` if it is not in the queue.
    public func detach(_ file: QueuedFile) throws(IOFailure) {
        guard isAttached(file) else { throw IOFailure(.invalidParameter) }
        guard files[Int(file.index)].inFlight == 0 else { throw IOFailure(.sharingViolation) }
        takeOut(file.index)
    }

    private func takeOut(_ index: Int32) {
        files[Int(index)].isAttached = false
        engine.unregister(files[Int(index)].engineFile)
        freeFiles.append(index)
        let file = files[Int(index)].file
        file.release()
    }

    private func isAttached(_ file: QueuedFile) -> Bool {
        file.index >= 0 && Int(file.index) < files.count
            && files[Int(file.index)].isAttached && files[Int(file.index)].attach == file.attach
    }

    // MARK: Reads

    /// Begins a read of `length` bytes at `offset`; `tag` comes back with its completion. The
    /// storage sees it at the next ``submit(waitingFor:)``.
    ///
    /// Throws `NTStatus.insufficientResources` if every slot is taken, and
    /// `NTStatus.invalidParameter` for a file that is not in the queue or a length over
    /// ``slotSize``. Every other failure is in the completion.
    @inline(__always)
    public func read(
        _ file: QueuedFile, at offset: UInt64, length: Int, tag: UInt64
    ) throws(IOFailure) {
        assert(engine.isOwnedByCurrentThread(), "a queue belongs to the thread that made it")
        guard isAttached(file), length >= 0, length <= slotSize, offset <= UInt64(Int64.max)
        else { throw IOFailure(.invalidParameter) }
        guard let free = freeSlots.popLast() else { throw IOFailure(.insufficientResources) }
        let slot = Int(free)
        let route = files[Int(file.index)].begin(offset: offset, length: length)
        inFlight += 1
        reads &+= 1
        slots[slot] = ReadSlot(
            phase: .inStorage, route: route, file: file.index, number: reads, tag: tag,
            offset: offset, length: length)
        switch route {
        case .fullBypass:
            engine.start(
                slot: slot, file: files[Int(file.index)].engineFile, offset: offset,
                length: length)
        case .filterBypass: startThroughVolumeDrivers(slot)
        case .traditional, .storageBypass: startTraditional(slot)
        }
    }

    /// Submits the reads begun so far, and waits until at least `minimum` completions can be taken
    /// by ``next()``; never for more than are in flight.
    public func submit(waitingFor minimum: Int = 0) throws(IOFailure) {
        let minimum = max(0, minimum)
        if filteredCount == 0 {
            let missing = min(minimum - finished.count, inFlight)
            return try engine.submit(waitingFor: max(0, missing), wakeable: false)
        }
        try submitBesideFiltered(waitingFor: minimum)
    }

    /// A read that is done, in any order; nil if none is. Its bytes stay until ``release(_:)``.
    public func next() -> ReadCompletion? {
        if finished.isEmpty {
            if pendedCount > 0 { resumePended() }
            while finished.isEmpty {
                guard let done = engine.nextCompletion() else { return nil }
                finish(done)
            }
        }
        guard !finished.isEmpty else { return nil }
        let slot = finished.removeFirst()
        let done = slots[Int(slot)]
        return ReadCompletion(
            tag: done.tag, slot: Int(slot), number: done.number, count: done.count,
            status: NTStatus(rawValue: done.status), hostErrno: done.hostErrno,
            route: done.route)
    }

    /// Lends the bytes of a completion that is not yet released.
    public func withBytes<R, E: Error>(
        of completion: ReadCompletion, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(holds(completion), "the completion was released")
        return try engine.withBytes(ofSlot: completion.slot, count: completion.count, body)
    }

    /// Frees the slot for another read. Releasing twice does nothing.
    public func release(_ completion: ReadCompletion) {
        guard holds(completion) else { return }
        slots[completion.slot].phase = .free
        freeSlots.append(Int32(completion.slot))
    }

    private func holds(_ completion: ReadCompletion) -> Bool {
        slots[completion.slot].phase == .done && slots[completion.slot].number == completion.number
    }

    /// Waits for the reads in flight and releases the files. Completions not yet taken are lost.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        do throws(IOFailure) {
            try finishBypassed()
            while inFlight > 0 {
                try submit(waitingFor: finished.count + 1)
                while let done = engine.nextCompletion() { finish(done) }
            }
            for index in 0..<files.count where files[index].isAttached { takeOut(Int32(index)) }
            engine.close()
        } catch {
            abandonReads()
        }
        OwnReadsRegistry.process.remove(ObjectIdentifier(self))
        checkInvariants()
    }

    /// Finishes first the reads that filters may wait for, then those that call filters: a callback
    /// that pauses a stream must not wait for a read of a queue that is being closed.
    private func finishBypassed() throws(IOFailure) {
        var others: [StorageCompletion] = []
        while slots.contains(where: { $0.phase == .inStorage && $0.route.skipsFilters }) {
            try engine.submit(waitingFor: 1, wakeable: false)
            while let done = engine.nextCompletion() {
                if slots[Int(done.slot)].route.skipsFilters {
                    finish(done)
                } else {
                    others.append(done)
                }
            }
        }
        for done in others { finish(done) }
    }

    /// The engine failed. Closing it ends every read at the storage, and each read leaves the gates
    /// that it entered.
    private func abandonReads() {
        engine.close()
        for slot in slots.indices where slots[slot].phase == .inStorage {
            finish(StorageCompletion(slot: Int32(slot), result: -Self.cancelled))
        }
        for index in 0..<files.count where files[index].isAttached {
            files[index].isAttached = false
            let file = files[index].file
            file.release()
        }
    }

    /// ECANCELED on Linux.
    private static var cancelled: Int32 { 125 }

    private func checkInvariants() {
        assert(inFlight == 0 && pendedCount == 0)
        assert(slots.allSatisfy { $0.phase == .free || $0.phase == .done })
        assert(requests.allSatisfy { $0 == nil })
    }
}
