internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

/// The threads that serve one connection over /dev/fuse.
///
/// It starts with one thread. A thread that takes a request first makes sure that another is
/// waiting; if none is, it starts one, up to the limit. So a slow request holds up no other, and a
/// mount that needs one thread has two. In a burst a thread leaves that to a `BurstWarden`. Waiting
/// threads sleep in read(2): an idle mount uses no CPU. A thread whose request waits does not count
/// against the limit: a `WorkerWatch` sees to that, and `WorkerShares` say which requests are put
/// aside instead.
///
/// Each thread has a descriptor of its own, cloned from the first, and two buffers of
/// ``Connection/maximumTransfer`` bytes, of which only touched pages take memory. It carries one
/// request at a time. Signals are blocked in it.
public final class Session: Sendable {
    public let connection: Connection
    /// That serve at the same time.
    public var maximumThreads: Int { shares.threads }
    let shares: WorkerShares
    /// As asked for; the kernel may not agree.
    public let transport: Transport

    /// The channel that the file system was mounted with.
    let channel: DeviceChannel
    let attendance = Attendance()
    let workers = Monitor(Workers())
    /// For reads under way, while there is no carrier: all carriers share the memory.
    private let spareBuffers = Monitor<[TransferBuffer]>([])
    let further = AtomicLazyReference<FurtherSource>()
    private let warden: BurstWarden
    let watch = WorkerWatch()
    /// There are more threads than ``maximumThreads``. Relaxed: if it is seen late, a request is
    /// put aside, or a thread leaves, a request later.
    let isCrowded = Atomic<Bool>(false)
    /// Requests put aside. Relaxed: a thread that puts a request aside calls another for it, and
    /// the watch looks again.
    let heldCount = Atomic<Int>(0)

    /// Beside /dev/fuse, where there is one. Set before the first thread starts.
    final class FurtherSource: Sendable {
        let source: any RequestSource

        init(_ source: any RequestSource) { self.source = source }
    }

    struct Worker {
        let thread: OwnThread
        /// nil for threads of a further source.
        let post: WorkerPost?
    }

    struct EarlyInterrupt {
        let unique: RequestID
        /// Looks of the watch until it is forgotten: its request was answered meanwhile.
        var looksLeft = 40
    }

    struct FormerChannel {
        weak var channel: DeviceChannel?
    }

    struct Workers {
        /// Of those that were not joined yet.
        var threads: [Worker] = []
        var held = HeldRequests()
        /// Interrupts whose request no thread has taken down yet.
        var interrupts: [EarlyInterrupt] = []
        var channels: [DeviceChannel] = []
        /// Of threads that left; a reply that is still to be sent by such a channel keeps it.
        var formerChannels: [FormerChannel] = []
        /// Further channels of threads that carry reads.
        var availableChannels: [DeviceChannel] = []
        /// Threads that have not left, and those that are being started.
        var running = 0
        /// Of these, those of a further source, which ``maximumThreads`` limits elsewhere.
        var ofSource = 0
        var isJoining = false
        var longWaits = LongWaits()
        /// Nothing comes any more.
        var hasEnded = false
    }

    /// - Parameter latency: kept to in bursts.
    init(
        _ connection: Connection, _ channel: DeviceChannel, _ shares: WorkerShares,
        transport: Transport, latency: consuming CPULatencyRequest? = nil
    ) {
        warden = BurstWarden(connection.pace, latency: latency)
        self.connection = connection
        self.transport = transport
        self.channel = channel
        self.shares = shares
    }

    deinit {
        warden.end()
        watch.end()
        workers.withLock { workers in
            workers.threads.forEach { $0.thread.detach() }
        }
    }

    /// Threads that serve now.
    public var threadCount: Int { workers.withLock { $0.running } }

    /// Descriptors of /dev/fuse in use: one a thread, or fewer where the kernel gives no more.
    public var channelCount: Int { workers.withLock { $0.channels.count } }

    /// CPUs are kept from sleeping deeply while requests come one after the other.
    public var keepsCPUsAwake: Bool { warden.limitsLatency }

    /// How often requests came one after the other until now; a burst under way counts.
    public var bursts: Int { warden.bursts }

    /// For telling the kernel of changes behind its back, as long as the session lasts.
    public var notifier: Notifier { Notifier(channel) }

    /// Why no backing file can be made known to the kernel, in a sentence; nil where it can.
    public var passthroughObstacle: String? {
        guard connection.isAgreed(.passthrough) else {
            return "This kernel cannot read files of a mount by itself: that takes Linux 6.9."
        }
        do throws(Errno) {
            // No file at all: rights are looked at first.
            _ = try channel.openBacking(-1)
            return nil
        } catch {
            return error == .notPermitted
                ? "Only root may let the kernel read files of a mount by itself: mount as root."
                : nil
        }
    }

    // MARK: Threads

    /// Starts the first thread, which reads from the channel itself, behind those of a further
    /// source. Throws `EAGAIN`, `ENOMEM`.
    func start() throws(Errno) {
        warden.begin(
            isAttended: { [weak self] in
                self?.attendance.isSurelyAttended ?? true
            }, attend: { [weak self] in self?.ensureAttendance(byCarrier: true) })
        if let further = transport.further, further.obstacle() == nil { try begin(further) }
        guard reserve() else { return }
        attendance.expect()
        try startThread { self.channel }
    }

    private func begin(_ transport: FurtherTransport) throws(Errno) {
        let site = RequestSourceSite(
            connection: connection, channel: channel,
            capacity: max(connection.maximumTransfer, Self.smallestBuffer),
            maximumThreads: shares.limit,
            startThread: { [unowned self] name, body throws(Errno) in
                try self.startCounted(name, body)
            },
            wakeWatch: { [weak self] in self?.wakeWatch() })
        let source = further.storeIfNil(FurtherSource(try transport.makeSource(site))).source
        if source.prepare() { connection.offer(transport.flag) }
    }

    /// After INIT was answered; returns when the kernel can send requests.
    func open() {
        further.load()?.source.open()
    }

    private func startCounted(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(Errno) {
        try workers.withLock { workers throws(Errno) in
            let thread = try OwnThread.start(named: name) { [self] in
                body()
                leave(ofSource: true)
            }
            workers.threads.append(Worker(thread: thread, post: nil))
            workers.running += 1
            workers.ofSource += 1
        }
    }

    /// Counts a thread in before it exists, so that two requests do not start three.
    private func reserve() -> Bool {
        workers.withLock { workers in
            let count = workers.running - workers.ofSource
            guard count < maximumThreads || count < shares.allowed(waiting: workers.countWaiting)
            else { return false }
            workers.running += 1
            if count >= maximumThreads { isCrowded.store(true, ordering: .relaxed) }
            return true
        }
    }

    /// The reserved thread, which is counted as waiting already. When it cannot be had, both are
    /// taken back.
    private func startThread(
        on makeChannel: () throws(Errno) -> DeviceChannel
    ) throws(Errno) {
        do throws(Errno) {
            // A READ or WRITE fits, and the least that the kernel wants room for.
            let capacity = max(connection.maximumTransfer, Self.smallestBuffer)
            let input = try TransferBuffer(capacity: capacity)
            let output = try TransferBuffer(capacity: capacity)
            if connection.recovery != nil { input.touch() }
            let channel = try makeChannel()
            try workers.withLock { workers throws(Errno) in
                // Looked at under the lock: abort() disconnects all channels in the list.
                if channel.isOver { throw .connectionAbort }
                let post = WorkerPost()
                if workers.hasEnded { post.endWaits() }
                let thread = try OwnThread.start(named: "bypassio-fuse") { [self] in
                    let carrier = ReadCarrier(self, channel, post, input, output)
                    WorkerThread.serve(carrier) { serve(carrier, channel, input) }
                    leave()
                }
                workers.threads.append(Worker(thread: thread, post: post))
                if !workers.channels.contains(where: { $0 === channel }) {
                    workers.channels.append(channel)
                }
            }
        } catch {
            attendance.callInstead()
            leave()
            throw error
        }
    }

    /// `FUSE_MIN_READ_BUFFER`: read(2) of less fails.
    private static let smallestBuffer = 8192

    private func serve(
        _ carrier: ReadCarrier, _ channel: DeviceChannel, _ input: TransferBuffer
    ) {
        var goesOn = true
        // The thread that started this thread or called it out of the reserve has counted it as
        // waiting.
        while goesOn {
            if heldCount.load(ordering: .relaxed) > 0, let held = takeHeld() {
                attendance.take()
                goesOn = carrier.process(held)
            } else {
                guard let length = receive(from: channel, into: input) else { break }
                attendance.take()
                goesOn = carrier.process(length)
            }
            if goesOn, isCrowded.load(ordering: .relaxed), heldCount.load(ordering: .relaxed) == 0,
                mayLeave(carrier, channel)
            {
                return carrier.end()
            }
            if goesOn, heldCount.load(ordering: .relaxed) == 0 {
                let movedData = carrier.movedData
                attendance.rest { !movedData && isInBurst }
            } else {
                attendance.expect()
            }
        }
        carrier.end()
        attendance.end()
        attendance.giveUp()
    }

    // MARK: Carriers

    /// So many threads carry reads at the same time. A single carrier keeps up with a disk, and
    /// fewer carriers mean fewer changes of threads.
    private static let maximumCarriers = 1

    /// There may be another. Two threads that ask at once may both be told so, which does no harm.
    var wantsCarrier: Bool { attendance.hasFewerCarriers(than: Self.maximumCarriers) }

    /// Counts a carrier in; the buffers that others left.
    func appointCarrier() -> [TransferBuffer] {
        attendance.appointCarrier()
        wakeWatch()
        return spareBuffers.withLock { spare in
            let buffers = spare
            spare = []
            return buffers
        }
    }

    /// For the next carrier.
    func keepBuffers(_ buffers: consuming [TransferBuffer]) {
        spareBuffers.withLock { spare in
            if spare.isEmpty { spare = buffers }
        }
    }

    /// Requests come one after the other, and the warden sees to it that none is left alone.
    var isInBurst: Bool { warden.isAwake }

    /// Has a thread wait for the next request, where none does.
    ///
    /// - Parameter byCarrier: a carrier, which looks at the disk first, will do.
    func ensureAttendance(byCarrier: Bool) {
        attendance.ensure(byCarrier: byCarrier) { startAnother() }
    }

    /// A channel for ``DeviceChannel/receiveAvailable(into:)``.
    func channelForAvailable() throws(Errno) -> DeviceChannel {
        let channel = try channel.cloneForAvailable()
        return try workers.withLock { workers throws(Errno) in
            // Looked at under the lock: abort() disconnects all channels in the list.
            if channel.isOver { throw .connectionAbort }
            workers.availableChannels.append(channel)
            return channel
        }
    }

    /// nil when the file system is gone.
    private func receive(from channel: DeviceChannel, into input: TransferBuffer) -> Int? {
        input.withMutableMessage(header: Connection.requestRoom) { message in
            do throws(Errno) {
                return try channel.receive(into: &message)
            } catch {
                ended(error)
                return nil
            }
        }
    }

    /// A thread that is counted as waiting already.
    func startAnother() {
        // INIT first: a clone of a descriptor without a connection is refused.
        guard connection.isNegotiated, reserve() else {
            wakeWatch()
            attendance.callInstead()
            return
        }
        // Where no further thread is to be had, those that are there go on; where no further
        // descriptor is, they share the first.
        do throws(Errno) {
            try startThread { (try? channel.clone()) ?? channel }
        } catch {
            connection.ledger?.threadRefused(error)
        }
    }

    private func leave(ofSource: Bool = false) {
        workers.withLock { workers in
            workers.running -= 1
            if ofSource { workers.ofSource -= 1 }
            assert(workers.running >= 0)
        }
    }

    // MARK: The end

    /// Sleeps until every thread has left, which they do when the file system is unmounted or the
    /// connection aborted. Any thread but the session's own.
    public func waitUntilEnded() {
        let threads = workers.wait(until: { $0.running == 0 && !$0.isJoining }) { workers in
            let threads = workers.threads
            workers.threads = []
            workers.isJoining = !threads.isEmpty
            return threads
        }
        if threads.isEmpty { return }
        for worker in threads { worker.thread.join() }
        warden.end()
        watch.end()
        workers.withLock { $0.isJoining = false }
    }

    /// Ends the connection from this side: gives back every descriptor. Then the kernel ends it,
    /// and programs that wait for an answer get an error.
    ///
    /// Returns when no thread waits for a request any more. A thread that carries a request leaves
    /// when the request is done; its answer goes nowhere.
    func abort() {
        channel.end()
        workers.withLock { workers in
            workers.channels.forEach { $0.disconnect() }
            workers.availableChannels.forEach { $0.disconnect() }
            workers.formerChannels.forEach { $0.channel?.disconnect() }
        }
        // The first is not in the list when no thread could be started.
        channel.disconnect()
        attendance.end()
        // Their rings hold the device, too.
        let source = further.load()?.source
        source?.end()
        // Again and again: an interrupt that comes just before a thread goes to sleep is lost.
        while attendance.isAttended || source?.hasThreadsInKernel == true {
            workers.withLock { workers in
                workers.threads.forEach { $0.thread.interrupt() }
            }
            usleep(500)
        }
        endWaits()
    }
}
