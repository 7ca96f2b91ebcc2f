internal import Glibc
internal import SystemPackage

/// Waits for reads of one file that had passed its gate when the gate was closed.
///
/// Any thread.
final class ReadDrain: Sendable {
    /// Nobody answers to it: no file system has attributes of this kind.
    private static let attribute = Array("bypassio.drain".utf8)
    /// How long a thread that was let pass may take to run at all. Microseconds.
    private static let patience = 1_000_000
    /// How long a read may take that only the kernel's stacks tell of. Microseconds.
    private static let longestRead = 5_000_000
    private static let pause = 100

    /// Not the gate's, which would tell of what is opened here.
    private let mount: OwnedDescriptor
    private let inode: UInt64
    private let partner: DrainPartner?

    /// - Parameters:
    ///   - mount: of the file, not watched by any gate.
    ///   - inode: the file's number.
    init(_ mount: consuming OwnedDescriptor, inode: UInt64, partner: DrainPartner?) {
        self.mount = mount
        self.inode = inode
        self.partner = partner
    }

    /// Returns when these are done:
    ///
    /// - Reads under way between the gate and the file's lock. A read does not give up its processor
    ///   there, so when this thread has run on every one, it is past, if the kernel does not preempt
    ///   itself (preempt=none). Where a cpuset keeps some processors away, membarrier(2) takes the
    ///   place of the round: some milliseconds, in which a reader that runs gets past.
    /// - Synchronous direct reads on ext4, xfs and btrfs, and cached ones on xfs: they hold the file's
    ///   lock, which is taken here for this thread alone. A reader that waits for the lock behind a
    ///   writer may be overtaken, but has it when whoever overtook it lets go; so it is taken twice.
    /// - Asynchronous direct reads (libaio, io_uring): on ext4 unless the file cannot be opened for
    ///   writing (a program that runs); on xfs with reflinks and btrfs unless the file is shorter
    ///   than a block. On ext4 other watchers of the file see it opened and closed for writing.
    /// - Reads by any thread that the kernel shows within one (``ThreadsInReads``): cached ones that
    ///   sleep until a page comes from the disk, or in a page fault of their program's, or that lost
    ///   their processor on the way; with lazy or full preemption, whoever lost it anywhere behind the
    ///   gate; on file systems mounted read-only, where nobody may take the lock, whatever sleeps. At
    ///   most ``longestRead``, because the program's memory may come from the program itself.
    ///
    /// Not waited for: what the kernel does not show because it keeps no stacks (CONFIG_STACKTRACE), or
    /// because its thread is in another PID namespace than this process and below none of its own;
    /// readers that another listener of the host (a virus scanner) holds at the same place; and threads
    /// that were let pass and did not get to run for a second. Waits as long as the file system is
    /// frozen.
    func wait(for passed: consuming PassedReaders) {
        var passed = passed
        var waited = 0
        passed.removeGone()
        while !passed.isEmpty, waited < Self.patience {
            usleep(UInt32(Self.pause))
            waited += Self.pause
            passed.removeGone()
        }
        do throws(Errno) {
            try SystemCall.visitProcessors()
        } catch {
            try? SystemCall.waitForGracePeriod()
        }
        try? partner?.waitForDirectIO(of: mount.descriptor)
        for _ in 0..<2 {
            // Takes the lock, finds no such attribute, and so does not even begin a transaction.
            try? SystemCall.removeExtendedAttribute(Self.attribute, of: mount.descriptor)
        }
        waitForThreads()
    }

    private func waitForThreads() {
        guard var threads = try? ThreadsInReads(reading: inode) else { return }
        var waited = 0
        while !threads.isEmpty, waited < Self.longestRead {
            usleep(UInt32(Self.pause))
            waited += Self.pause
            // Nobody can be looked at who runs, so this thread takes the place of each.
            if (try? SystemCall.visitProcessors({ threads.removeThoseElsewhere() })) == nil {
                threads.removeThoseElsewhere()
            }
        }
    }
}
