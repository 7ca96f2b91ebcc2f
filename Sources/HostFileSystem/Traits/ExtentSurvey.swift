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

/// Where a file's bytes lie on the device, from its extent map (FS_IOC_FIEMAP). It shows whether
/// another process moved them, as a defragmentation does (spec 4.6).
struct ExtentPlaces: Sendable, Equatable {
    struct Run: Sendable, Equatable {
        /// In bytes of the file.
        var start: UInt64
        var end: UInt64
        /// The place of ``start``, in bytes of the device.
        var place: UInt64
    }

    /// Rising, without overlaps.
    let runs: [Run]
    /// When they were read, if known.
    let seen: FileStatus.Time?

    /// The most calls, of 64 extents each. Extents beyond are not compared.
    private static let largestBatchCount = 16

    init(runs: [Run]) {
        self.runs = runs
        seen = nil
    }

    /// nil if the file system has no extent map, or before data has its place.
    init?(of descriptor: FileDescriptor, at time: FileStatus.Time? = nil) {
        var runs: [Run] = []
        var position: UInt64 = 0
        for _ in 0..<Self.largestBatchCount {
            guard
                let extents = try? SystemCall.extents(
                    of: descriptor, from: position, flushing: false)
            else { return nil }
            for extent in extents {
                guard extent.end > position || runs.isEmpty else { return nil }
                position = extent.end
                guard extent.flags.isDisjoint(with: [.notYetPlaced, .inline, .tail]) else {
                    continue
                }
                runs.append(
                    Run(start: extent.offset, end: extent.end, place: extent.physicalOffset))
            }
            if extents.isEmpty || extents.last?.flags.contains(.last) == true { break }
        }
        self.runs = runs
        seen = time
    }

    /// Whether a byte that both know lies elsewhere now. Bytes that were added or cut off do not
    /// count.
    func isMoved(since old: ExtentPlaces) -> Bool {
        var index = 0
        for run in runs {
            while index < old.runs.count, old.runs[index].end <= run.start { index += 1 }
            var other = index
            while other < old.runs.count, old.runs[other].start < run.end {
                let shared = max(run.start, old.runs[other].start)
                let (now, before) = (
                    run.place &+ (shared - run.start),
                    old.runs[other].place &+ (shared - old.runs[other].start)
                )
                if now != before { return true }
                other += 1
            }
        }
        return false
    }
}
