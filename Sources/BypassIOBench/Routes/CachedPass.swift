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
