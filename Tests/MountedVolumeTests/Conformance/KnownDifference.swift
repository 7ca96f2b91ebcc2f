/// A case whose outcome on a FUSE mount cannot be ext4's: the kernel decides before it asks the
/// service, or without asking it.
struct KnownDifference: Sendable {
    let name: String
    let reason: String

    /// The differences, each with the kernel's rule that causes it. A difference that a service
    /// could avoid does not belong here.
    static let all: [KnownDifference] = [
        KnownDifference(
            name: "read and write/direct, misaligned memory",
            reason: "a request says nothing of where the caller's memory lies"),
        KnownDifference(
            name: "read and write/seek to the largest offset",
            reason: "lseek(2) asks nobody, and FUSE files may be 2^63-1 bytes long"),
        KnownDifference(
            name: "read and write/vector that does not wait",
            reason: "no FUSE file knows RWF_NOWAIT"),
        KnownDifference(
            name: "size and storage/collapse a range",
            reason: "the kernel knows KEEP_SIZE, PUNCH_HOLE and ZERO_RANGE of FUSE files only"),
        KnownDifference(
            name: "size and storage/insert a range",
            reason: "the kernel knows KEEP_SIZE, PUNCH_HOLE and ZERO_RANGE of FUSE files only"),
        KnownDifference(
            name: "size and storage/seek beyond ext4's largest file",
            reason: "lseek(2) asks nobody, and FUSE files may be 2^63-1 bytes long"),
        KnownDifference(
            name: "other calls/extended mapping of extents",
            reason: "the kernel does not ask FUSE for extents (FIEMAP)"),
        KnownDifference(
            name: "times/by a mapping",
            reason: "a page fault that the kernel's cache serves moves no access time"),
        KnownDifference(
            name: "times/of what is copied",
            reason: "the kernel keeps the source's attributes, and with them its access time"),
        KnownDifference(
            name: "times/by reading what is cached",
            reason: "a read that the kernel's cache serves moves no access time"),
        KnownDifference(
            name: "times/by reading an empty file",
            reason: "an empty file's read asks nobody, and moves no access time"),
        KnownDifference(
            name: "times/by reading a mapping",
            reason: "a page fault that the kernel's cache serves moves no access time"),
    ]

    static func reason(for name: String) -> String? {
        all.first { $0.name == name }?.reason
    }
}
