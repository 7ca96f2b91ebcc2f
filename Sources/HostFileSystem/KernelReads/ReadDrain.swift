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
