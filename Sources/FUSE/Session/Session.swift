internal import Dispatch
internal import Synchronization
internal import SystemPackage

/// The threads that serve one connection over /dev/fuse.
///
/// It starts with one thread. One that takes a request while no other waits for the next starts
/// another first, up to the limit: a slow request holds up nobody, and a mount that needs one
/// thread has two. Waiting threads sleep in read(2): an idle mount uses no CPU.
public final class Session: Sendable {
    public let connection: Connection
    public let maximumThreads: Int

    private let channel: DeviceChannel
    /// Threads that wait for a request or are about to.
    ///
    /// Relaxed: a guess that is wrong for a moment starts a thread too many or too late, and the
    /// next request corrects it.
    private let waiting = Atomic<Int>(0)
    /// Lock order: a leaf.
    private let state = Mutex(State())
    /// Signalled once, when the last thread leaves; whoever waited signals it again.
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var threads: [OwnThread] = []
        /// Threads that have not left.
        var running = 0
        var isJoined = false
    }

    /// - Parameter maximumThreads: 1 to 256.
    init(_ connection: Connection, _ channel: DeviceChannel, maximumThreads: Int) {
        self.connection = connection
        self.channel = channel
        self.maximumThreads = min(max(maximumThreads, 1), 256)
    }

    /// Threads that serve now.
    public var threadCount: Int { state.withLock { $0.running } }

    /// Starts the first thread, which reads from the channel itself. Throws `EAGAIN`, `ENOMEM`.
    func start() throws(Errno) {
        try startThread(on: channel)
    }

    private func startThread(on channel: DeviceChannel) throws(Errno) {
        let input = try TransferBuffer(capacity: connection.maximumTransfer)
        let output = try TransferBuffer(capacity: connection.maximumTransfer)
        let error: Errno? = state.withLock { state in
            guard state.running < maximumThreads else { return nil }
            do throws(Errno) {
                // Under the lock: the thread cannot leave before it is counted.
                state.threads.append(
                    try OwnThread.start(named: "bypassio-fuse") { [self] in
                        serve(channel, input, output)
                        leave()
                    })
                state.running += 1
                return nil
            } catch {
                return error
            }
        }
        if let error { throw error }
    }

    private func serve(_ channel: DeviceChannel, _ input: TransferBuffer, _ output: TransferBuffer)
    {
        waiting.wrappingAdd(1, ordering: .relaxed)
        while let length = receive(from: channel, into: input) {
            if waiting.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { startAnother() }
            connection.process(length, in: input, output: output, from: channel)
            waiting.wrappingAdd(1, ordering: .relaxed)
        }
        waiting.wrappingSubtract(1, ordering: .relaxed)
    }

    /// nil when the file system is gone.
    private func receive(from channel: DeviceChannel, into input: TransferBuffer) -> Int? {
        input.withMutableMessage(header: Connection.requestRoom) { message in
            do throws(Errno) {
                return try channel.receive(into: &message)
            } catch {
                return nil
            }
        }
    }

    private func startAnother() {
        // INIT first: a clone of a descriptor without a connection is refused.
        guard connection.isNegotiated, state.withLock({ $0.running < maximumThreads }) else {
            return
        }
        // Where no further thread or descriptor is to be had, those that are there go on.
        try? startThread(on: (try? channel.clone()) ?? channel)
    }

    private func leave() {
        let isLast = state.withLock { state in
            state.running -= 1
            assert(state.running >= 0)
            return state.running == 0
        }
        if isLast { ended.signal() }
    }

    /// Sleeps until every thread has left, which they do when the file system is unmounted or the
    /// connection aborted. Any thread but the session's own.
    public func waitUntilEnded() {
        ended.wait()
        ended.signal()
        let threads = state.withLock { state in
            if state.isJoined { return [OwnThread]() }
            state.isJoined = true
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    /// Ends the session without the kernel's word: threads leave when their request is answered.
    func stop() {
        channel.stop()
        while true {
            // Again and again: an interrupt that comes just before a thread goes to sleep is lost.
            let isRunning = state.withLock { state in
                if state.running > 0, !state.isJoined { state.threads.forEach { $0.interrupt() } }
                return state.running > 0
            }
            if !isRunning { return }
            if ended.wait(timeout: .now() + .milliseconds(5)) == .success {
                ended.signal()
                return
            }
        }
    }
}
