internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization

/// How long the kernel may use names and attributes without asking again.
///
/// Where the file system reports changes behind the mount, the mount notifies the kernel
/// (``ChangeForwarder``). The kernel then may trust a name up to a limit. It may trust attributes
/// as long as the file has been unchanged, up to the same limit: the kernel reports stores through
/// a mapping late, so it asks often about a file in use. Elsewhere, and where a filter wants to see
/// such requests, the fixed limits apply.
///
/// Any thread may call.
final class KernelTrust: Sendable {
    let watch: (any OutsideChangeWatch)?
    private let volume: IOStack.Volume
    private let limits: Limits
    /// How often the forwarder began to notify the kernel.
    ///
    /// Released before the notice, acquired before and after the mount reads a file's attributes:
    /// an answer that may be older than a notice gets the fixed limits only.
    private let told = Atomic<UInt64>(0)

    struct Limits {
        var entry: Duration
        var attributes: Duration
        var absence: Duration
        /// Seconds; 0 for the fixed limits.
        var longest: Int64
    }

    init(_ volume: IOStack.Volume, _ limits: Limits, _ watch: (any OutsideChangeWatch)?) {
        self.volume = volume
        self.limits = limits
        self.watch = watch
    }

    convenience init(_ volume: IOStack.Volume, _ options: VolumeMountOptions) {
        let limits = Limits(
            entry: options.entryTimeout, attributes: options.attributesTimeout,
            absence: options.negativeTimeout,
            longest: max(0, options.longestTrust.components.seconds))
        self.init(
            volume, limits, limits.longest > 0 ? volume.fileSystem.watchOutsideChanges() : nil)
    }

    /// A change behind the mount may suspend the file's bypass, or end a suspension; nil: of any
    /// file.
    func reviewBypass(of file: FileID?) { volume.reviewOutsideChange(of: file) }

    /// The count of notices so far; taken before the mount reads a file's attributes.
    struct Mark {
        fileprivate let told: UInt64
    }

    func mark() -> Mark { Mark(told: told.load(ordering: .acquiring)) }

    /// Call before a notice of changes.
    func willTell() { told.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// How old attributes may be where the file system reports no changes.
    var attributesLimit: Duration { limits.attributes }

    // MARK: Limits

    struct Validities {
        let name: Validity
        let attributes: Validity
    }

    func validities(of information: FileInformation, since mark: Mark) -> Validities {
        // A program may store to a mapping of it at any time, and nothing reports that: see
        // `attributes(_:of:)`.
        if information.isHoleAlone {
            return Validities(name: Validity(limits.entry), attributes: .none)
        }
        let fixed = Validities(
            name: Validity(limits.entry), attributes: Validity(limits.attributes))
        guard isTold(of: information.id), !volume.isFiltered(.queryInformation),
            mark.told == told.load(ordering: .acquiring)
        else { return fixed }
        // A second less, because the clock of files advances in steps.
        let changed = max(information.changeTime.seconds, information.modificationTime.seconds)
        let age = Duration.seconds(min(max(0, Self.now - changed - 1), limits.longest))
        return Validities(
            name: Validity(max(limits.entry, .seconds(limits.longest))),
            attributes: Validity(max(limits.attributes, age)))
    }

    /// The validity of a name's absence from a directory.
    func absence(in directory: Node, since mark: Mark) -> Duration {
        guard isTold(of: directory.id), !volume.isFiltered(.queryInformation),
            mark.told == told.load(ordering: .acquiring)
        else { return limits.absence }
        return max(limits.absence, .seconds(limits.longest))
    }

    /// How the kernel may keep an opened directory's entries. It keeps them where the file system
    /// reports changes, and asks for them again once in a while, because their attributes come with
    /// them. It does not keep names without attributes: the next program that wants attributes
    /// would need a request for each.
    func listingFlags(_ node: Node, _ nodes: NodeTable, areNamesAlone: Bool) -> OpenReplyFlags {
        guard isTold(of: node.id), !volume.isFiltered(.directoryControl) else { return [] }
        let isKept = nodes.keepsListing(
            of: node, at: Self.now, limit: limits.longest, isRenewed: !areNamesAlone)
        if isKept { return [.cacheDirectory, .keepCache] }
        return areNamesAlone ? [] : [.cacheDirectory]
    }

    private func isTold(of id: FileID) -> Bool { watch?.covers(id) ?? false }

    /// Seconds since 1970, by the clock of files.
    static var now: Int64 { KernelClock.files.seconds }
}

/// The notices that the mount itself sends to the kernel: a failed request may have changed
/// something nevertheless, and the kernel has to write pages back now.
///
/// A notice about a node's attributes takes no lock under which the kernel waits for an answer. So
/// the thread that carries the request sends the notice before it answers, and the next program
/// gets the right attributes. All other notices wait for locks and pages that the request's sender
/// may hold: ``FreeThreads`` send them.
///
/// Any thread may call.
final class KernelNotices: Sendable {
    /// How many notices may hang at once before others are dropped.
    private static let threadLimit = 8

    private let threads = FreeThreads(limit: threadLimit)
    /// Set once the volume is mounted. An earlier request sends no notice.
    private let notifier = Guarded<Notifier?>(nil)

    func begin(_ notifier: Notifier) {
        self.notifier.withLock { $0 = notifier }
    }

    /// Call after the file system is unmounted or its connection has ended.
    func stop() { threads.stop() }

    private var current: Notifier? { notifier.withLock { $0 } }

    /// Makes the kernel ask for the node's attributes and ACLs anew. If the kernel does not know
    /// the node, that is no error.
    func forgetAttributes(of node: NodeID) {
        try? current?.invalidate(node: node, offset: -1)
    }

    /// The kernel's pages of this part of a file may differ from the file.
    func forgetData(of node: NodeID, _ range: Range<UInt64>) {
        guard let notifier = current, let (offset, length) = Self.extent(range) else { return }
        _ = threads.run { try? notifier.invalidate(node: node, offset: offset, length: length) }
    }

    /// A name may have appeared or disappeared.
    func forgetName(_ name: [UInt8], in directory: NodeID) {
        guard let notifier = current else { return }
        let isTaken = threads.run {
            try? notifier.invalidate(name: name, in: directory, expireOnly: true)
        }
        // Invalidates every name; the kernel then looks each up again.
        if !isTaken { try? notifier.invalidateAllNames() }
    }

    /// The kernel forgets those files that no program uses; false where it cannot be told to
    /// (before Linux 6.18), or no more.
    func prune(_ nodes: [NodeID]) -> Bool {
        guard let notifier = current else { return false }
        return (try? notifier.prune(nodes)) != nil
    }

    /// Makes the kernel write back what programs stored to mappings of a part of a file, and waits
    /// for it. Returns whether the kernel did. The kernel drops its pages of the part.
    ///
    /// Call from ``run(_:)`` only: the kernel sends WRITE requests meanwhile and waits for them.
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool {
        guard let notifier = current, let (offset, length) = Self.extent(range) else {
            return range.isEmpty
        }
        return (try? notifier.invalidate(node: node, offset: offset, length: length)) != nil
    }

    /// Gives a job to a thread that carries no request; returns false, without doing it, if there
    /// is none.
    func run(_ job: @escaping @Sendable () -> Void) -> Bool { threads.run(job) }

    /// nil for an empty range, because the kernel takes a length of 0 for everything.
    private static func extent(_ range: Range<UInt64>) -> (offset: Int64, length: Int64)? {
        let offset = Int64(clamping: range.lowerBound)
        let length = Int64(clamping: range.upperBound) - offset
        return length > 0 ? (offset, length) : nil
    }
}
