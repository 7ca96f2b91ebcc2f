internal import Glibc
internal import LinuxKit
internal import SystemPackage

/// The reads that had passed the gate of one file when the gate was closed, and the wait for them.
struct ReadDrain {
    /// In microseconds: how long a thread that was let pass may take to run at all.
    private static let patience = 1_000_000
    /// In microseconds: how long a read may take that only the kernel's stacks show.
    private static let longestRead = 5_000_000
    private static let pause = 100
    /// In microseconds: the longest sleep between two looks at a slow read.
    private static let longestPause = 10_000

    private let file: DrainedFile
    private var passed: PassedReaders

    init(_ file: DrainedFile, passed: PassedReaders) {
        self.file = file
        self.passed = passed
    }

    /// Returns when these reads are done, for all files. The files' gates are in the way already:
    ///
    /// - Reads under way between the gate and the file's lock. A read does not give up its
    ///   processor there. So when this thread has run on every processor, the read is past, if the
    ///   kernel does not preempt itself (preempt=none). If a cpuset excludes some processors,
    ///   membarrier(2) takes the place of the round: some milliseconds, in which a running reader
    ///   gets past.
    /// - Synchronous direct reads on ext4, xfs and btrfs, and cached reads on xfs: they hold the
    ///   file's lock, which is taken here for this thread alone. Direct reads that sleep are waited
    ///   for before, without the lock.
    /// - Asynchronous direct reads (libaio, io_uring): on ext4 unless the file cannot be opened for
    ///   writing (a program that runs); on xfs with reflinks and btrfs unless the file is shorter
    ///   than a block. On ext4 other watchers of the file see it opened and closed for writing.
    /// - Reads by any thread that the kernel shows within a read (``ThreadsInReads``): cached reads
    ///   that sleep until a page comes from the disk, or in a page fault of their program's, or
    ///   that lost their processor on the way; with lazy or full preemption, every read that lost
    ///   it anywhere behind the gate; on file systems mounted read-only, where this process may not
    ///   take the lock, every sleeping read. At most ``longestRead``, because the program's memory
    ///   may come from the program itself.
    ///
    /// Not waited for: reads that the kernel does not show, because it keeps no stacks
    /// (CONFIG_STACKTRACE) or because the thread is in a PID namespace that this process does not
    /// see; readers that another listener of the host (a virus scanner) holds at the same place;
    /// and threads that were let pass and did not get to run for a second. Waits as long as the
    /// file system is frozen.
    static func wait(for drains: [ReadDrain]) {
        guard !drains.isEmpty else { return }
        var drains = drains
        waitForThosePassed(&drains)
        do throws(Errno) {
            try SystemCall.visitProcessors()
        } catch {
            try? SystemCall.waitForGracePeriod()
        }
        var threads = try? ThreadsInReads(reading: Set(drains.map(\.file.inode)))
        waitForDirectReads(&threads)
        for drain in drains { drain.file.waitForLock() }
        waitForThreads(&threads)
    }

    /// A program may keep a direct read from its end by memory that is not there. This thread must
    /// not wait for it within the file's lock, where every open of the file would wait behind it.
    private static func waitForDirectReads(_ threads: inout ThreadsInReads?) {
        var pause = Self.pause
        while threads?.isAnyAsleepInDirectRead == true {
            usleep(UInt32(pause))
            pause = min(2 * pause, longestPause)
            threads?.removeThoseElsewhere()
        }
    }

    private static func waitForThosePassed(_ drains: inout [ReadDrain]) {
        var waited = 0
        for index in drains.indices {
            drains[index].passed.removeGone()
            while !drains[index].passed.isEmpty, waited < patience {
                usleep(UInt32(pause))
                waited += pause
                drains[index].passed.removeGone()
            }
        }
    }

    private static func waitForThreads(_ threads: inout ThreadsInReads?) {
        threads?.removeThoseElsewhere()
        var waited = 0
        while threads?.isEmpty == false, waited < longestRead {
            usleep(UInt32(pause))
            waited += pause
            // A running thread cannot be looked at, so this thread takes the place of each.
            if (try? SystemCall.visitProcessors({ threads?.removeThoseElsewhere() })) == nil {
                threads?.removeThoseElsewhere()
            }
        }
    }
}

/// A file in the form that a drain of its gate needs.
///
/// Any thread.
final class DrainedFile: Sendable {
    /// No file system has attributes of this kind.
    private static let attribute = Array("bypassio.drain".utf8)

    /// Not the gate's mount, which would report opens made here.
    private let mount: OwnedDescriptor
    let inode: UInt64
    private let partner: DrainPartner?
    /// The number of the descriptor of `mount`.
    var number: Int32 { mount.descriptor.rawValue }

    /// - Parameters:
    ///   - mount: of the file, not watched by any gate.
    ///   - inode: the file's number.
    init(_ mount: consuming OwnedDescriptor, inode: UInt64, partner: DrainPartner?) {
        self.mount = mount
        self.inode = inode
        self.partner = partner
    }

    /// Waits for reads that hold the file's lock, and for direct I/O that outlives its call.
    func waitForLock() {
        try? partner?.waitForDirectIO(of: mount.descriptor)
        // A reader that waits for the lock behind a writer may be overtaken. It has the lock once
        // the overtaking thread lets go.
        for _ in 0..<2 {
            // Takes the lock, finds no such attribute, and so does not even begin a transaction.
            try? SystemCall.removeExtendedAttribute(Self.attribute, of: mount.descriptor)
        }
    }
}

/// A nameless file of a volume, by which the host is made to wait for direct reads of other files
/// that are under way.
///
/// Linux has no call that only waits for them. But some calls take two files, wait for the direct
/// I/O of both, and only then find that they have nothing to do. Measured with libaio on Linux
/// 6.18: each returned when the read in flight was done, and changed neither file nor times.
///
/// Any thread.
final class DrainPartner: Sendable {
    private enum Way {
        /// ext4: moves extents from a file that has none.
        case move
        /// xfs with reflinks, btrfs: shares that many bytes, which differ.
        case compare(length: UInt64)
    }

    private let file: OwnedDescriptor
    private let way: Way

    /// - Parameter root: a directory of the volume; O_PATH will do.
    /// - Throws: the host's error for a new file, `EOPNOTSUPP` on other file systems.
    init(in root: FileDescriptor) throws(Errno) {
        let volume = try SystemCall.fileSystemStatus(of: root)
        let file = try SystemCall.open(".", at: root, [.readWrite, .unnamed], mode: 0o600)
        switch volume.magic {
        case FileSystemMagic.ext4:
            way = .move
        case FileSystemMagic.xfs, FileSystemMagic.btrfs:
            let length = max(volume.fragmentSize, 4096)
            var random = SystemRandomNumberGenerator()
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try SystemCall.writeAll(noise, to: file.descriptor, at: 0)
            way = .compare(length: length)
        default: throw .notSupportedOnSocket
        }
        self.file = file
    }

    /// Waits for direct reads and writes of a file that had begun.
    ///
    /// - Parameter target: O_PATH, on a mount that may be written to.
    /// - Throws: the error that kept it from waiting: `EROFS`; on ext4 every error of opening for
    ///   writing, such as `ETXTBSY` for a program that runs; on the others `EINVAL` for a file of
    ///   less than a block, and `EOPNOTSUPP` for xfs without reflinks.
    func waitForDirectIO(of target: FileDescriptor) throws(Errno) {
        switch way {
        case .move:
            let target = try SystemCall.reopen(target, [.readWrite, .nonBlocking])
            try SystemCall.waitForDirectIO(of: target.descriptor, movingFrom: file.descriptor)
        case .compare(let length):
            let target = try SystemCall.reopen(target, [.readOnly, .nonBlocking])
            try SystemCall.waitForDirectIO(
                of: target.descriptor, comparingTo: file.descriptor, length: length)
        }
    }
}
