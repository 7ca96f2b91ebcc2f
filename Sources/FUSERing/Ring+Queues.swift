internal import CKernelABI
internal import FUSE
internal import Glibc
internal import LinuxKit
internal import SystemPackage

extension Ring {
    /// For a thread that has so many commands of FUSE's queues in the kernel at a time, and as many
    /// reads beside them.
    static func forQueues(entries: Int) throws(RingUnavailable) -> Ring {
        try Ring(
            RingConfiguration(submissionEntries: UInt32(entries * 2 + 2), takesCommands: true))
    }

    /// Gives the kernel the entry's memory; completes with the first request.
    mutating func queueRegistration(of entry: QueueEntry, token: UInt64) -> Bool {
        unsafe queueCommand(
            UInt32(BPIO_FUSE_QUEUE_REGISTER), to: entry.queue.channel.descriptor,
            vectors: entry.registration, vectorCount: 2,
            area: (0, 0, UInt64(entry.queue.number)), token: token)
    }

    /// Answers the entry's request; completes with the next one.
    mutating func queueCommit(of entry: QueueEntry, token: UInt64) -> Bool {
        entry.prepareCommit()
        return unsafe queueCommand(
            UInt32(BPIO_FUSE_QUEUE_COMMIT_AND_FETCH), to: entry.queue.channel.descriptor,
            vectors: nil, vectorCount: 0,
            area: (0, entry.commitID, UInt64(entry.queue.number)), token: token)
    }

    mutating func queueRead(_ read: BackingRead, into entry: QueueEntry, token: UInt64) -> Bool {
        unsafe queueRead(
            file: FileIndex(descriptor: read.descriptor), offset: read.offset,
            into: entry.buffer.start, length: UInt32(read.length), token: token)
    }

    /// Reads and waits for it, also when interrupted; nothing else is under way on this ring.
    /// Returns bytes or a negative errno.
    mutating func read(_ read: BackingRead, into entry: QueueEntry) -> Int {
        guard queueRead(read, into: entry, token: 0) else { return -Int(EIO) }
        while true {
            let outcome = enter(waitingFor: 1)
            if let done = nextCompletion() { return Int(done.result) }
            guard let error = Ring.refusal(outcome) else { continue }
            Ring.leaveToKernel(entry)
            return -Int(error)
        }
    }
}
