internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization

/// How long the kernel may use what it was told of names and files without asking again.
///
/// Where the file system tells what others do to its files, the kernel is told in turn
/// (``ChangeForwarder``), and may trust a name up to a limit, and attributes for as long as the
/// file has been left alone, up to the same: stores through a mapping are told late, so a file that
/// somebody works on is asked for often. Elsewhere, and where a filter wants to see such requests,
/// the fixed limits count.
///
/// Any thread.
final class KernelTrust: Sendable {
    let watch: (any OutsideChangeWatch)?
    private let volume: IOStack.Volume
    private let limits: Limits
    /// How often the forwarder began to tell the kernel something.
    ///
    /// Released before the kernel is told, acquired before and after a file is looked at: an answer
    /// that may be older than what was told is trusted for the fixed limits only.
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

    /// What was done to a file past the mount may keep its bypass off, or end that; nil: to any
    /// file.
    func reviewBypass(of file: FileID?) { volume.reviewOutsideChange(of: file) }

    /// What was told so far; taken before a file is looked at.
    struct Mark {
        fileprivate let told: UInt64
    }

    func mark() -> Mark { Mark(told: told.load(ordering: .acquiring)) }

    /// The kernel is about to be told of changes.
    func willTell() { told.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// How long attributes may be old where nobody tells of changes.
    var attributesLimit: Duration { limits.attributes }

    // MARK: Limits

    struct Validities {
        let name: Validity
        let attributes: Validity
    }

    func validities(of information: FileInformation, since mark: Mark) -> Validities {
        // Somebody may store to a mapping of it any time, which nobody tells: see
        // `attributes(_:of:)`.
        if information.isHoleAlone {
            return Validities(name: Validity(limits.entry), attributes: .none)
        }
        let fixed = Validities(
            name: Validity(limits.entry), attributes: Validity(limits.attributes))
        guard isTold(of: information.id), !volume.isFiltered(.queryInformation),
            mark.told == told.load(ordering: .acquiring)
        else { return fixed }
        // A second less, because the clocks of files stand still for a while.
        let changed = max(information.changeTime.seconds, information.modificationTime.seconds)
        let age = Duration.seconds(min(max(0, Self.now - changed - 1), limits.longest))
        return Validities(
            name: Validity(max(limits.entry, .seconds(limits.longest))),
            attributes: Validity(max(limits.attributes, age)))
    }

    /// Of a name that a directory does not have.
    func absence(in directory: Node, since mark: Mark) -> Duration {
        guard isTold(of: directory.id), !volume.isFiltered(.queryInformation),
            mark.told == told.load(ordering: .acquiring)
        else { return limits.absence }
        return max(limits.absence, .seconds(limits.longest))
    }

    /// What an opened directory's entries are: the kernel keeps them where it is told of changes,
    /// and asks for them anew once in a while, with which their attributes come. Names alone are
    /// not kept: whoever looks at attributes next would have to ask for each.
    func listingFlags(_ node: Node, _ nodes: NodeTable, areNamesAlone: Bool) -> OpenReplyFlags {
        guard isTold(of: node.id), !volume.isFiltered(.directoryControl) else { return [] }
        let isKept = nodes.keepsListing(
            of: node, at: Self.now, limit: limits.longest, isRenewed: !areNamesAlone)
        if isKept { return [.cacheDirectory, .keepCache] }
        return areNamesAlone ? [] : [.cacheDirectory]
    }

    private func isTold(of id: FileID) -> Bool { watch?.covers(id) ?? false }

    /// Seconds since 1970, as the clocks of files have them.
    static var now: Int64 { KernelClock.files.seconds }
}
