internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

/// A session that stops, so that another process can go on with its connection.
extension Session {
    /// Why a session does not come to rest.
    public enum HaltRefusal: Error, Sendable {
        /// Requests come by another way than /dev/fuse.
        case transport
        /// So many requests are under way that may not be carried twice.
        case requestsWait(Int)
    }

    /// In microseconds.
    private static let haltStep: UInt32 = 500

    /// Takes no more requests from the kernel, which keeps them, and returns when every request
    /// that was taken is answered, or waits and may be carried once more
    /// (``Notifier/resendUnanswered()``). From then on no reply leaves: what goes on by itself
    /// waits to be answered. After a refusal the session goes on. Any thread but the session's own.
    ///
    /// - Parameter limit: for requests under way to end.
    public func halt(within limit: Duration) throws(HaltRefusal) {
        guard further.load() == nil else { throw .transport }
        let end = ContinuousClock.now + limit
        channel.halt()
        while true {
            let look = lookAtRest()
            if look.isAtRest {
                channel.seal()
                // A request that waited may have gone on meanwhile.
                if isAtRest { return }
                channel.unseal()
            }
            guard ContinuousClock.now < end else {
                goOn()
                throw .requestsWait(look.busy)
            }
            // Again and again: an interrupt that comes just before a thread goes to sleep is lost.
            workers.withLock { workers in
                for worker in workers.threads where worker.post?.isCarrying == false {
                    worker.thread.interrupt()
                }
            }
            usleep(Self.haltStep)
        }
    }

    /// Takes requests again.
    public func goOn() { channel.goOn() }

    /// No request has gone on since ``halt(within:)`` returned.
    public var isAtRest: Bool { lookAtRest().isAtRest }

    /// Whether each thread rests, or carries a request that waits and may be carried again.
    ///
    /// A thread goes from its request or its sleep to rest, and nowhere else. So the places are
    /// looked at against that order, and no thread is counted twice; a thread that moves meanwhile
    /// is not counted, and there is another look.
    private func lookAtRest() -> (isAtRest: Bool, busy: Int) {
        let resting = channel.restingThreads
        let sleeping = attendance.sleepingThreads
        let (left, busy, all) = workers.withLock { workers in
            let posts = workers.threads.compactMap(\.post)
            let left = posts.count { $0.isWaiting && $0.mayBeRepeated }
            return (left, posts.count { $0.isCarrying } - left, workers.running)
        }
        return (resting + sleeping + left == all, busy)
    }

    /// A file that another process made known to the kernel, by the kernel's number. It stays that
    /// process' until ``BackingFile/takeOver()``.
    public func backing(adopting number: Int32) -> BackingFile {
        BackingFile(number: number, channel: channel, isOthers: true)
    }

    /// The device's descriptor, for the process that goes on.
    public var device: Int32 { channel.descriptor }
}
