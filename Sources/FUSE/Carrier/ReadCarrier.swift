internal import LinuxKit
internal import SystemPackage

/// One thread of a session as the carrier of reads that wait for nothing but the disk.
///
/// A carrier takes requests as they come, without waiting, has the kernel read for them, and
/// answers them in the order in which the reads are done. So one thread has many reads under way,
/// with few changes of threads and few system calls.
///
/// While it has reads under way it does nothing else. A request of another kind waits until the
/// reads are answered (``makeWay(for:)``), which takes as long as the disk does; then the carrier
/// calls another thread to wait for the next request. So no function of the service that may wait
/// runs while the thread has reads under way, and a pause that waits for reads never waits for a
/// thread that waits for the pause. Where the disk does not answer, another thread gets the
/// request, and the carrier waits for its reads alone.
final class ReadCarrier: RequestThread {
    /// How long a request that comes while the disk works may lie before it is looked at.
    private static let patience: Int64 = 200_000

    /// How long a request may lie because reads that came before it are not answered. Nanoseconds.
    private static let stall: Int64 = 50_000_000

    let post: WorkerPost
    private let session: Session
    private let channel: DeviceChannel
    private let buffers: (input: TransferBuffer, output: TransferBuffer)
    private var ring: ReadRing?
    /// The same connection, for requests that are there already. Requests are answered where they
    /// came.
    private(set) var available: DeviceChannel?
    /// Where the request that is being carried came from.
    private var source: DeviceChannel
    private var isUnable = false
    /// Of the carriers that the session allows.
    private var isAppointed = false
    /// The disk does not answer: it waits for the reads it has, and others look after requests.
    private var isStuck = false
    /// The request was put aside before, and may be carried now.
    private var isAdmitted = false
    private var isEnded = false
    /// Of the request that was carried last, if no other came with it.
    private(set) var movedData = true

    init(
        _ session: Session, _ channel: DeviceChannel, _ post: WorkerPost,
        _ input: TransferBuffer, _ output: TransferBuffer
    ) {
        self.session = session
        self.channel = channel
        source = channel
        buffers = (input, output)
        self.post = post
    }

    // MARK: From the connection

    /// Whether a read of `size` bytes may be begun now.
    func mayBegin(_ size: Int) -> Bool {
        guard size <= BackingRead.largestShared, !isStuck else { return false }
        guard isAppointed else { return session.wantsCarrier && !isUnable }
        return ring?.hasRoom ?? false
    }

    /// Takes over a read that was begun.
    func carry(_ read: BackingRead, _ ticket: consuming ReplyTicket) {
        if ring == nil, !isUnable { prepare() }
        guard let ring, ring.hasRoom else { return readNow(read, ticket) }
        if !isAppointed {
            ring.take(session.appointCarrier())
            isAppointed = true
            post.appoint()
            post.note(.none, RequestID(0))
        }
        let unique = ticket.handOver()
        guard !ring.begin(read, unique: unique, source) else { return }
        readNow(read, ReplyTicket(unique: unique, channel: source))
    }

    /// As a thread without a ring does it.
    private func readNow(_ read: BackingRead, _ ticket: consuming ReplyTicket) {
        if finishReads() { resign() } else { retire() }
        attend(Opcode.read.traits)
        let count = buffers.output.withMutableBytes(read.length) { bytes in
            SynchronousTransfer.read(read.descriptor, into: &bytes, at: read.offset)
        }
        read.owner.endRead(max(0, count), began: read.began)
        if count < 0 {
            ticket.fail(Errno(rawValue: Int32(truncatingIfNeeded: -count)))
        } else {
            ticket.succeed(count, of: buffers.output)
        }
    }

    /// Before a function of the service is called that may wait: answers every read under way, and
    /// sees to it that a thread waits for the next request. In a burst this thread will do so in a
    /// moment.
    ///
    /// False where another thread carries the request, now or later: the disk does not answer, or
    /// too many requests of the same user or file wait already.
    func makeWay(for header: RequestHeader) -> Bool {
        let traits = header.traits
        let claim = WorkerClaim(traits, user: header.userID, node: header.node)
        guard finishReads() else {
            retire()
            // Nothing else holds the request up, and another thread carries it.
            putAside(header, claim, isReady: true)
            return false
        }
        resign()
        if !isAdmitted, traits.contains(.mayBePutAside), !session.admits(claim) {
            putAside(header, claim, isReady: false)
            return false
        }
        post.note(claim, header.unique)
        attend(traits)
        return true
    }

    private func attend(_ traits: OperationTraits) {
        movedData = traits.contains(.movesData)
        if !traits.contains(.takesItsTime), session.isInBurst { return }
        // Reads that come next a carrier will do, which has some under way.
        session.ensureAttendance(byCarrier: traits.contains(.mayBeCarried))
    }

    var interruptedAnswer: @Sendable () -> Void {
        let (unique, channel) = (post.request, source)
        return { ReplyTicket(unique: unique, channel: channel).fail(.interrupted) }
    }

    /// Nobody need look: /dev/fuse loses no interrupt.
    func willWait() {}

    /// A program does not wait for a request any more. Waits for nothing.
    func interrupt(_ unique: RequestID) { session.interrupt(unique) }

    private func putAside(
        _ header: RequestHeader, _ claim: WorkerClaim, isReady: Bool
    ) {
        let length = Int(header.length)
        let room = Connection.requestRoom
        let message = buffers.input.withMessage(header: room, body: max(0, length - room)) {
            bytes in
            var copy = [UInt8](repeating: 0, count: min(length, bytes.count))
            for index in copy.indices { copy[index] = bytes[index] }
            return copy
        }
        let isTaken = session.hold(
            HeldRequest(
                unique: header.unique, claim: claim, message: message,
                channel: source, isReady: isReady))
        if !isTaken { ReplyTicket(unique: header.unique, channel: source).fail(.resourceBusy) }
    }

    /// Counts itself out as a carrier for as long as its reads are under way: another thread looks
    /// after requests, and another may become the carrier.
    private func retire() {
        isStuck = true
        post.willWait()
        resign()
    }

    // MARK: From the thread

    /// Takes one request that came to the thread's own channel, and those that come while its reads
    /// are under way. False when the connection has ended.
    func process(_ length: Int) -> Bool {
        source = channel
        movedData = true
        post.turn()
        process(length, from: channel)
        return finish()
    }

    /// As ``process(_:)``, a request that was put aside.
    func process(_ held: HeldRequest) -> Bool {
        source = held.channel
        post.turn()
        isAdmitted = true
        session.connection.ledger?.carries(held.unique)
        buffers.input.withMutableMessage(header: Connection.requestRoom) { message in
            for index in held.message.indices { message[index] = held.message[index] }
        }
        process(held.message.count, from: held.channel)
        isAdmitted = false
        return finish()
    }

    private func process(_ length: Int, from channel: DeviceChannel) {
        session.connection.process(
            length, in: buffers.input, output: buffers.output, from: channel, carrier: self)
    }

    /// Goes on until no read is under way.
    private func finish() -> Bool {
        while let ring, ring.inFlight > 0 {
            // Others look after requests; see ``Session/look()``.
            if isAppointed, !post.isCarrier { retire() }
            if isStuck {
                _ = ring.wait(nanoseconds: nil)
                continue
            }
            takeAvailable(ring)
            if ring.inFlight > 0, !isStuck { wait(ring) }
            post.advance()
        }
        isStuck = false
        resign()
        post.turn()
        return !isEnded
    }

    /// Nothing is left in the kernel's hands that would keep the connection.
    func end() {
        while let ring, ring.inFlight > 0 { _ = ring.wait(nanoseconds: nil) }
        resign()
    }

    private func takeAvailable(_ ring: ReadRing) {
        guard let available, !isEnded else { return }
        source = available
        while ring.hasRoom, isAppointed {
            do throws(Errno) {
                let length = try buffers.input.withMutableMessage(
                    header: Connection.requestRoom
                ) { message throws(Errno) in
                    try available.receiveAvailable(into: &message)
                }
                guard length > 0 else { return }
                post.advance()
                process(length, from: available)
            } catch {
                session.ended(error)
                end(ring)
                return
            }
        }
    }

    /// No request comes any more; a poll under way would keep the connection.
    private func end(_ ring: ReadRing) {
        isEnded = true
        ring.stopAttending()
    }

    /// A request that comes meanwhile is looked at when the next read is done, or the time is up:
    /// to be woken up for each would cost more than it gains.
    private func wait(_ ring: ReadRing) {
        // Setting a clock takes longer than all else here. It is not needed where another thread
        // waits.
        let patience = session.attendance.isAttended ? nil : Self.patience
        guard ring.wait(nanoseconds: patience) == 0, ring.inFlight > 0, !ring.isCalled else {
            return
        }
        guard let available, ring.hasRoom, !isEnded else {
            _ = ring.wait(nanoseconds: nil)
            return
        }
        ring.attend(to: available.descriptor)
        session.attendance.whileWaiting { _ = ring.wait(nanoseconds: nil) }
        if available.isOver { end(ring) }
    }

    /// Answers every read under way; false if the disk does not answer.
    private func finishReads() -> Bool {
        guard let ring else { return true }
        while ring.inFlight > 0 {
            if ring.wait(nanoseconds: Self.stall) == 0, !ring.isCalled, ring.inFlight > 0 {
                return false
            }
        }
        return true
    }

    private func resign() {
        guard isAppointed else { return }
        ring?.stopAttending()
        isAppointed = false
        session.keepBuffers(ring?.giveBuffers() ?? [])
        if post.dismiss() { session.attendance.dismissCarrier() }
    }

    private func prepare() {
        do {
            ring = try ReadRing(capacity: min(buffers.output.capacity, BackingRead.largestShared))
            available = try session.channelForAvailable()
        } catch {
            // Without io_uring or a descriptor this thread waits for each read.
            ring = nil
            isUnable = true
        }
    }
}
