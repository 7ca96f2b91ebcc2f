internal import IOStack

/// Attributes read once, and what of the status must be unchanged for them to hold.
///
/// Reading them takes a dozen system calls, and `stat` is asked for all the time. Whatever turns a
/// file sparse, compressed, encrypted, … changes one of these fields. Swap space does not, which is
/// why a BypassIO control never asks here (``HostFileSystem/bypassVeto(for:)``).
struct KnownAttributes: Sendable {
    private let changed: FileStatus.Time
    private let size: UInt64
    private let blocks: UInt64
    private let flags: UInt64
    let attributes: FileAttributes

    init(_ attributes: FileAttributes, with status: FileStatus) {
        self.attributes = attributes
        changed = status.changed
        size = status.size
        blocks = status.blocks
        flags = status.attributes
    }

    func holds(for status: FileStatus) -> Bool {
        changed == status.changed && size == status.size && blocks == status.blocks
            && flags == status.attributes
    }
}
