/// A way by which a program gets at a file's bytes (Tests/CReadWays), and what is guaranteed of it
/// while the file's gate is shut. docs/kernel-route.md has the same table.
struct ReadWay: Sendable, CustomStringConvertible {
    enum Guarantee: Sendable, Equatable {
        /// The gate holds the read, and a filter can fail it.
        case held
        /// The read goes to the service and its filters, which can hold or fail it.
        case filtered
        /// Linux refuses it on every FUSE file, whatever the gate does.
        case refused
        /// It hands no bytes to a program; the service and its filters are asked for them.
        case noBytes
        /// It passes by.
        case passes
    }

    let name: String
    let guarantee: Guarantee
    /// What a program sees if a filter fails the read with ENOSPC; nil if its bytes came earlier.
    var failure: String? = "errno ENOSPC"
    /// What it sees of a file whose bytes all have this value.
    var sees: @Sendable (UInt8) -> String = { "byte \($0)" }

    var description: String { name }

    static let all: [ReadWay] =
        [
            "read", "pread", "pread-direct", "readv", "preadv2", "preadv2-hipri", "preadv2-dsync",
            "preadv2-sync", "preadv2-append", "preadv2-noappend", "preadv2-nosignal", "splice",
            "sendfile", "io_uring", "io_uring-direct", "io_uring-fixed", "io_uring-fixed-direct",
            "io_uring-sqpoll", "libaio", "libaio-direct", "namespace", "passed-descriptor", "loop",
            "loop-direct", "overlayfs",
        ].map { ReadWay(name: $0, guarantee: .held) }
        + [
            "copy-file-range", "opened-after", "opened-after-beside", "namespace-opened-after",
            "working-directory", "proc-pid-fd", "o-path", "file-handle", "loop-after",
            "loop-writable", "overlayfs-opened-after",
        ].map { ReadWay(name: $0, guarantee: .filtered) }
        + [
            ReadWay(name: "mmap-opened-after", guarantee: .filtered, failure: "errno EFAULT"),
            // The page cache of the mount has the program from the run before.
            ReadWay(name: "exec", guarantee: .filtered, failure: nil) { _ in "ran" },
            ReadWay(name: "exec-beside", guarantee: .filtered) { _ in "ran" },
        ]
        + [
            "preadv2-nowait", "preadv2-atomic", "preadv2-dontcache", "reflink", "io_uring-iopoll",
        ].map { ReadWay(name: $0, guarantee: .refused) { _ in "errno EOPNOTSUPP" } }
        + ["readahead", "fadvise-willneed"].map {
            ReadWay(name: $0, guarantee: .noBytes) { _ in "no bytes" }
        }
        + [ReadWay(name: "madvise-willneed", guarantee: .passes) { _ in "no bytes" }]
        + [
            "splice-before", "mmap-before", "mmap-private-before", "mmap-after", "mmap-populate",
            "mmap-opened-after-beside", "madvise-populate-read", "process_vm_readv", "ptrace",
            "proc-pid-mem", "overlayfs-mmap", "reflink-source",
        ].map { ReadWay(name: $0, guarantee: .passes) }
}

/// The file systems on which SOURCE has a gate.
enum GatedFileSystem: String, CaseIterable, Sendable {
    case ext4, xfs, btrfs

    /// Of a disk in memory: xfs makes none below 300 MiB, btrfs none below 110.
    static let megabytes = 320

    /// Why SOURCE cannot lie on it here; nil if it can.
    var whyNot: String? {
        // As the folder of the tests.
        if self == .ext4 { return nil }
        if Program.find("mkfs.\(rawValue)") == nil { return "needs mkfs.\(rawValue)" }
        if !MemoryDisk.areThere { return "needs zram: a loop device refuses bypass" }
        return nil
    }
}
