internal import DirectRead
internal import SystemPackage

/// One thread of a session as the carrier of reads that wait for nothing but the disk.
///
/// A carrier takes requests as they come, without waiting, has the kernel fetch what they want, and
/// answers them in whatever order they are done: one thread with many reads under way, few changes of
/// threads and few system calls.
///
/// While it has reads under way it does nothing else: what comes and is no such read has to wait until
/// these are answered (``makeWay()``), which is as long as the disk takes, and has another thread told to
/// wait for what comes next. So nothing of the service ever runs above a read that is under way, and a
/// pause that waits for reads never waits for a thread that waits for the pause.
final class ReadCarrier {
    /// How long a request that comes while the disk works may lie before it is looked at.
    private static let patience: Int64 = 200_000

    /// In bytes. What is larger costs its thread more to copy than to wait for, so it gets one of its own.
    private static let largestRead = 32 << 10

    private let session: Session
    private let channel: DeviceChannel
    private let buffers: (input: TransferBuffer, output: TransferBuffer)
    private var ring: ReadRing?
    /// The same connection, for requests that are there already. Requests are answered where they came.
    private var available: DeviceChannel?
    /// Where the request that is being carried came from.
    private var source: DeviceChannel
    private var isUnable = false
    /// Of the carriers that the session allows.
    private var isAppointed = false
    private var isEnded = false
    /// Of the request that was carried last, if no other came with it.
    private(set) var movedData = true

    init(
        _ session: Session, _ channel: DeviceChannel, _ input: TransferBuffer,
        _ output: TransferBuffer
    ) {
        self.session = session
        self.channel = channel
        source = channel
        buffers = (input, output)
    }

    // MARK: From the connection

    /// Whether a read of `size` bytes may be begun now.
    func mayBegin(_ size: Int) -> Bool {
        guard size <= Self.largestRead else { return false }
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
        }
        let unique = ticket.handOver()
        guard !ring.begin(read, unique: unique, source) else { return }
        readNow(read, ReplyTicket(unique: unique, channel: source))
    }

    /// As a thread without a ring does it.
    private func readNow(_ read: BackingRead, _ ticket: consuming ReplyTicket) {
        makeWay(for: .read)
        let count = buffers.output.withMutableBytes(read.length) { bytes in
            SynchronousTransfer.read(read.descriptor, into: &bytes, at: read.offset)
        }
        read.owner.endRead()
        if count < 0 {
            ticket.fail(Errno(rawValue: Int32(truncatingIfNeeded: -count)))
        } else {
            ticket.succeed(count, of: buffers.output)
        }
    }

    /// Before anything of the service is called that may wait: answers every read under way, and sees to
    /// it that some thread waits for the next request. In a burst this one will, in a moment.
    func makeWay(for opcode: Opcode) {
        finishReads()
        resign()
        movedData = opcode.movesData
        if !opcode.takesItsTime, session.isInBurst { return }
        // Reads that come next a carrier will do, which has some under way.
        session.ensureAttendance(byCarrier: opcode == .read)
    }

    // MARK: From the thread

    /// Takes one request that came to the thread's own channel and whatever it leads to. False when the
    /// connection has ended.
    func process(_ length: Int) -> Bool {
        source = channel
        movedData = true
        session.connection.process(
            length, in: buffers.input, output: buffers.output, from: channel, carrier: self)
        while let ring, ring.inFlight > 0 {
            takeAvailable(ring)
            if ring.inFlight > 0 { wait(ring) }
        }
        resign()
        return !isEnded
    }

    /// Nothing is left in the kernel's hands that would keep the connection.
    func end() {
        finishReads()
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
                session.connection.process(
                    length, in: buffers.input, output: buffers.output, from: available,
                    carrier: self)
            } catch {
                end(ring)
                return
            }
        }
    }

    /// Nothing comes any more; what is attended to would keep the connection.
    private func end(_ ring: ReadRing) {
        isEnded = true
        ring.stopAttending()
    }

    /// A request that comes meanwhile is looked at when the next read is done, or the time is up: to be
    /// woken up for each would cost more than it gains.
    private func wait(_ ring: ReadRing) {
        // Setting a clock takes longer than all else here, so not where somebody else waits anyway.
        let patience = session.isAttended ? nil : Self.patience
        guard ring.wait(nanoseconds: patience) == 0, ring.inFlight > 0, !ring.isCalled else {
            return
        }
        guard let available, ring.hasRoom, !isEnded else {
            _ = ring.wait(nanoseconds: nil)
            return
        }
        ring.attend(to: available.descriptor)
        session.whileWaiting { _ = ring.wait(nanoseconds: nil) }
        if available.isOver { end(ring) }
    }

    private func finishReads() {
        guard let ring else { return }
        while ring.inFlight > 0 { _ = ring.wait(nanoseconds: nil) }
    }

    private func resign() {
        guard isAppointed else { return }
        ring?.stopAttending()
        isAppointed = false
        session.dismissCarrier(ring?.giveBuffers() ?? [])
    }

    private func prepare() {
        do {
            ring = try ReadRing(capacity: min(buffers.output.capacity, Self.largestRead))
            available = try session.channelForAvailable()
        } catch {
            // Without io_uring or a descriptor this thread waits for each read.
            ring = nil
            isUnable = true
        }
    }
}
