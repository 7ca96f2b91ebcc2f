import IOStack
import LinuxKit

/// Keeps a queue of a volume full for a while.
struct StackPass: ~Copyable {
    private let queue: ReadQueue
    private let member: QueuedFile
    private let blockSize: Int
    private let depth: Int
    private var walk: OffsetWalk
    /// The start of the read of each tag, in nanoseconds.
    private var begun: [UInt64]
    private var free: [Int] = []

    init(queue: ReadQueue, member: QueuedFile, blockSize: Int, depth: Int, walk: OffsetWalk) {
        self.queue = queue
        self.member = member
        self.blockSize = blockSize
        self.depth = depth
        self.walk = walk
        begun = [UInt64](repeating: 0, count: depth)
        free.reserveCapacity(depth)
    }

    /// Reads until the time is over and the last read is done. Returns how many.
    mutating func run(seconds: Double, _ recorder: Recorder) throws(IOFailure) -> UInt64 {
        let end = KernelClock.monotonic + UInt64(seconds * 1e9)
        var done: UInt64 = 0
        for tag in 0..<depth { try begin(tag, at: KernelClock.monotonic) }
        // A completed read holds its slot until it is taken.
        var outstanding = depth
        while outstanding > 0 {
            try queue.submit(waitingFor: 1)
            let now = KernelClock.monotonic
            var taken = 0
            while taken < DirectPass.takenAtOnce, let read = queue.next() {
                taken += 1
                if let failure = read.failure { throw failure }
                let tag = Int(read.tag)
                recorder.record(now - begun[tag])
                done += 1
                outstanding -= 1
                queue.release(read)
                // Used after the loop: the queue returns what it has before it takes more.
                free.append(tag)
            }
            if now < end, Interruption.received == nil {
                for tag in free { try begin(tag, at: now) }
                outstanding += free.count
            }
            free.removeAll(keepingCapacity: true)
        }
        return done
    }

    private mutating func begin(_ tag: Int, at now: UInt64) throws(IOFailure) {
        begun[tag] = now
        try queue.read(member, at: walk.next(), length: blockSize, tag: UInt64(tag))
    }
}
