import DirectRead
import Glibc
import LinuxKit
import SystemPackage

/// pread(2) of one file through the page cache.
struct CachedPass: ~Copyable {
    private static let largest = 128 << 10

    private let file: FileDescriptor
    private let buffer: AlignedBuffer

    init(_ file: FileDescriptor) throws(Errno) {
        self.file = file
        buffer = try AlignedBuffer(capacity: Self.largest)
    }

    /// Reads from the beginning to the end, or until the time is over; returns the reads and their
    /// bytes. Reads are of 128 KiB, as those of `cat` and `cp`.
    func sequential(seconds: Double, _ recorder: Recorder) throws(Errno) -> (UInt64, UInt64) {
        let end = KernelClock.monotonic + UInt64(seconds * 1e9)
        var begun = KernelClock.monotonic
        var offset: UInt64 = 0
        var reads: UInt64 = 0
        while begun < end, Interruption.received == nil {
            let count = try read(Self.largest, at: offset)
            if count == 0 { break }
            offset += UInt64(count)
            reads += 1
            let now = KernelClock.monotonic
            recorder.record(now - begun)
            begun = now
        }
        return (reads, offset)
    }

    /// Reads 4 KiB at each offset of the walk, at most `limit` times, until the time is over.
    func random(
        _ walk: inout OffsetWalk, limit: UInt64, seconds: Double, _ recorder: Recorder
    ) throws(Errno) -> UInt64 {
        let end = KernelClock.monotonic + UInt64(seconds * 1e9)
        var begun = KernelClock.monotonic
        var reads: UInt64 = 0
        while begun < end, reads < limit, Interruption.received == nil {
            _ = try read(4096, at: walk.next())
            reads += 1
            let now = KernelClock.monotonic
            recorder.record(now - begun)
            begun = now
        }
        return reads
    }

    /// Reads a part of the file, so that the cache holds it.
    func warm(_ bytes: UInt64) throws(Errno) {
        for offset in stride(from: 0, to: bytes, by: Self.largest) {
            _ = try read(Self.largest, at: offset)
        }
    }

    private func read(_ length: Int, at offset: UInt64) throws(Errno) -> Int {
        let count = buffer.withMutableBytes(length) { bytes in
            SynchronousTransfer.read(file, into: &bytes, at: offset)
        }
        guard count >= 0 else { throw Errno(rawValue: Int32(-count)) }
        return count
    }

    /// Drops the file's pages from the cache, except those that are dirty or mapped.
    static func drop(_ file: FileDescriptor) {
        _ = posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
    }
}

/// Keeps a ring full of reads of one file for a while. The backing file, a mount's file and a
/// peer's have the same client.
struct DirectPass: ~Copyable {
    private let engine: any ReadEngine
    private let file: FileIndex
    private let blockSize: Int
    private var walk: OffsetWalk
    /// The start of the read in each slot, in nanoseconds.
    private var begun: [UInt64]

    init(
        _ descriptor: FileDescriptor, blockSize: Int, depth: Int, policy: ReadEngines.Policy,
        walk: OffsetWalk
    ) throws {
        let engine = try ReadEngines.make(depth: depth, slotSize: blockSize, policy: policy)
        do throws(Errno) {
            file = try engine.register(descriptor)
        } catch {
            engine.close()
            throw error
        }
        self.engine = engine
        self.blockSize = blockSize
        self.walk = walk
        begun = [UInt64](repeating: 0, count: depth)
    }

    deinit { engine.close() }

    /// Completions that are taken before the reads in their place are submitted. With ten, the disk
    /// idles meanwhile: at depth 32 it does up to a fifth less than with one. One at a time is what
    /// fio does, and takes a third more processor time. Two are nearly as fast.
    static let takenAtOnce = 2

    /// Reads until the time is over and the last read is done. Returns how many.
    mutating func run(seconds: Double, _ recorder: Recorder) throws(Errno) -> UInt64 {
        let end = KernelClock.monotonic + UInt64(seconds * 1e9)
        var done: UInt64 = 0
        var inFlight = 0
        var failure: Errno?
        for slot in begun.indices {
            begin(slot, at: KernelClock.monotonic)
            inFlight += 1
        }
        while inFlight > 0 {
            try engine.submit(waitingFor: 1)
            let now = KernelClock.monotonic
            var taken = 0
            while taken < Self.takenAtOnce, let completion = engine.nextCompletion() {
                taken += 1
                let slot = Int(completion.slot)
                inFlight -= 1
                guard completion.result == blockSize else {
                    failure = Errno(
                        rawValue: completion.result < 0
                            ? -completion.result : Errno.ioError.rawValue)
                    continue
                }
                recorder.record(now - begun[slot])
                done += 1
                guard now < end, failure == nil, Interruption.received == nil else { continue }
                begin(slot, at: now)
                inFlight += 1
            }
        }
        if let failure { throw failure }
        return done
    }

    private mutating func begin(_ slot: Int, at now: UInt64) {
        begun[slot] = now
        engine.start(slot: slot, file: file, offset: walk.next(), length: blockSize)
    }
}
