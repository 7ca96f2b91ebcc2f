internal import LinuxKit
internal import SystemPackage

/// A summary of a file's extent map (FS_IOC_FIEMAP) over all of its extents.
struct ExtentSurvey: Sendable, Hashable {
    /// At most this many calls of 64 extents each: 65,536 extents, a few ten milliseconds.
    static let largestBatchCount = 1024

    var hasEncoded = false
    var hasEncrypted = false
    var hasInline = false
    var hasUnwritten = false
    /// Extents whose place, and on btrfs whose form, is decided at the write-back.
    var hasDelayed = false
    /// A range below the file's size without any extent.
    var hasHole = false
    /// Every extent below the file's size was seen.
    var isComplete = false

    /// Walks the extent map; nil if the file system has none or refuses.
    init?(of descriptor: FileDescriptor, size: UInt64, flushing: Bool) {
        var position: UInt64 = 0
        for batch in 0..<Self.largestBatchCount where !isComplete {
            guard
                let extents = try? SystemCall.extents(
                    of: descriptor, from: position, flushing: flushing && batch == 0)
            else { return nil }
            isComplete = extents.isEmpty
            for extent in extents {
                if extent.offset > position, position < size { hasHole = true }
                note(extent.flags)
                // An extent map that does not advance would never end.
                guard extent.end > position else { return nil }
                position = extent.end
                if extent.flags.contains(.last) || position >= size { isComplete = true }
            }
        }
        if isComplete, position < size { hasHole = true }
    }

    private mutating func note(_ flags: FileExtent.Flags) {
        if flags.contains(.encrypted) {
            hasEncrypted = true
        } else if flags.contains(.encoded) {
            hasEncoded = true
        }
        if !flags.isDisjoint(with: [.inline, .tail]) { hasInline = true }
        if flags.contains(.unwritten) { hasUnwritten = true }
        if flags.contains(.notYetPlaced) { hasDelayed = true }
    }
}
