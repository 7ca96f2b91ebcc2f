internal import CKernelABI
import DirectRead
import Glibc
import LinuxKit
import SystemPackage

/// Operations on names rather than on bytes. Paths are made before, so that nothing is allocated
/// during the measurement.
struct NamePass: ~Copyable {
    private let recorder: Recorder
    private let end: UInt64

    init(seconds: Double, _ recorder: Recorder) {
        self.recorder = recorder
        end = KernelClock.monotonic + UInt64(seconds * 1e9)
    }

    /// Opens, reads and closes each file once. Returns how many.
    func readFiles(_ paths: [FilePath], into buffer: AlignedBuffer) throws(Errno) -> UInt64 {
        var begun = KernelClock.monotonic
        for path in paths {
            do {
                let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
                let count = buffer.withMutableBytes(buffer.capacity) { bytes in
                    SynchronousTransfer.read(file, into: &bytes, at: 0)
                }
                try file.close()
                guard count >= 0 else { throw Errno(rawValue: Int32(-count)) }
            } catch {
                throw error as? Errno ?? .ioError
            }
            begun = record(since: begun)
        }
        return UInt64(paths.count)
    }

    /// statx(2) of each file with these flags, again and again until the time is over.
    func stat(_ paths: [FilePath], flags: Int32) throws(Errno) -> UInt64 {
        var status = bpio_statx()
        var begun = KernelClock.monotonic
        var done: UInt64 = 0
        while !paths.isEmpty, done == 0 || begun < end, Interruption.received == nil {
            for path in paths {
                let result = unsafe path.withPlatformString {
                    unsafe bpio_statx_at(
                        BPIO_AT_FDCWD, $0, flags | BPIO_AT_SYMLINK_NOFOLLOW,
                        BPIO_STATX_BASIC_STATS, &status)
                }
                guard result >= 0 else { throw Errno(rawValue: -result) }
                begun = record(since: begun)
                done += 1
            }
        }
        return done
    }

    /// Lists the whole directory, at least once and until the time is over. Returns the number of
    /// entries. The latency is that of a listing.
    func list(_ path: FilePath) throws(Errno) -> UInt64 {
        var entries: UInt64 = 0
        var begun = KernelClock.monotonic
        repeat {
            guard let folder = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
                throw Errno(rawValue: errno)
            }
            while unsafe readdir(folder) != nil { entries += 1 }
            unsafe closedir(folder)
            begun = record(since: begun)
        } while begun < end && Interruption.received == nil
        return entries
    }

    /// Makes every file. Returns how many.
    func create(_ paths: [FilePath]) throws(Errno) -> UInt64 {
        var begun = KernelClock.monotonic
        for path in paths {
            do {
                try BenchTree.create(path).close()
            } catch {
                throw error as? Errno ?? .ioError
            }
            begun = record(since: begun)
        }
        return UInt64(paths.count)
    }

    /// Removes every file. Returns how many.
    func unlink(_ paths: [FilePath]) throws(Errno) -> UInt64 {
        var begun = KernelClock.monotonic
        for path in paths {
            let result = unsafe path.withPlatformString { unsafe Glibc.unlink($0) }
            guard result == 0 else { throw Errno(rawValue: errno) }
            begun = record(since: begun)
        }
        return UInt64(paths.count)
    }

    private func record(since begun: UInt64) -> UInt64 {
        let now = KernelClock.monotonic
        recorder.record(now - begun)
        return now
    }
}
