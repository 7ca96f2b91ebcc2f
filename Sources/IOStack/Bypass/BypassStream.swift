import Synchronization

/// The bypass state of one file: the gate that its bypassed reads pass, the reasons that keep reads
/// out, and the count of handles with bypass (`BypassIoOpenCount` of `FSRTL_ADVANCED_FCB_HEADER`).
///
/// It holds what spec 4.3, 4.4 and 4.6 ask of a stream; a whole volume's ``BypassVolume`` decides.
struct BypassStream: ~Copyable, Sendable {
    /// Every bypassed read of the file passes this gate.
    let gate = StreamGate()

    /// The state that the file's controls change.
    ///
    /// Lock order: after the volume's `state`; a leaf. Hashable for the search of every order.
    struct Control: Hashable {
        /// Handles with bypass enabled (`FsRtlGetBypassIoOpenCount`).
        var bypassOpenCount = 0
        /// Counts STREAM_PAUSEs, even those that found no handle to pause. So a resume does not
        /// undo a later pause, and an ENABLE that began before a pause is asked again
        /// (``EnableTicket``).
        var pauseEpoch: UInt64 = 0
        /// ENABLEs that are on their way to the file system or back.
        var enablesUnderWay = 0
        /// Counts how often the last handle with bypass lost it, which ends a pause.
        var lastDisables: UInt64 = 0
        /// DISABLEs, and pauses that found no handle with bypass, while they wait for the file's
        /// reads.
        var settling = 0
        /// Handles that do cached or mapped I/O.
        var cachedUsers = CachedUsers()
        /// Counts the beginnings and ends of changes to attributes that decide about BypassIO.
        var attributeChanges: UInt64 = 0
        var attributeChangesUnderWay = 0
        /// STREAM_PAUSEs that are draining.
        var pausesUnderWay = 0
        // These come last so that they share a word.
        /// A pause in force was answered with success. A pause that fails later leaves it in force.
        var isPauseSettled = false
        /// When a pause begins or ends, no refusal to end it stands.
        var isPaused = false {
            didSet {
                isResumeRefused = false
                if !isPaused { pausers = [] }
            }
        }
        /// A layer refused to end the pause in force. When a filter is detached, the stack asks
        /// again.
        var isResumeRefused = false
        var suspensions: StreamSuspension = []
        /// Filters that paused the file, while a pause is in force. When a filter of these stops
        /// vetoing or is detached, the file is resumed for it. An altitude is that of one
        /// filter while it is attached; a filter that is detached is forgotten first.
        var pausers: [Altitude] = []
    }
    let control = Guarded(Control())

    /// When a pause or suspensions kept the file's reads off the bypass last. What happens while no
    /// handle has bypass is not noted. Written under `control`.
    private let keptTimes = SpellTimes()
    /// What began that, and what ended it: ``TraditionalCause``. Relaxed, for people.
    private let keptBy = Synchronization.Atomic<UInt8>(0)
    private let freedFrom = Synchronization.Atomic<UInt8>(0)

    /// A handle has bypass, or an ENABLE is under way.
    var mayHaveBypass: Bool { control.look { $0.bypassOpenCount > 0 || $0.enablesUnderWay > 0 } }

    // MARK: Keeping reads off

    /// Under `control`: no read enters any more, for this reason.
    func keepOff(_ reason: StreamGate.Closed, hasBypass: Bool) {
        let isNews = hasBypass && !Interleaving.isSearched && !isKeptOff
        gate.close(reason)
        guard isNews, let cause = reason.firstCause else { return }
        keptBy.store(cause.rawValue, ordering: .relaxed)
        keptTimes.begin()
    }

    /// Under `control`: the reason is gone.
    func letIn(_ reason: StreamGate.Closed, hasBypass: Bool) {
        let mayBeNews =
            !Interleaving.isSearched && (hasBypass || keptTimes.lasts) && isKeptOff
        gate.open(reason)
        guard mayBeNews, !isKeptOff, let cause = reason.firstCause else { return }
        freedFrom.store(cause.rawValue, ordering: .relaxed)
        keptTimes.finish()
    }

    private var isKeptOff: Bool { !gate.closed.subtracting(.settling).isEmpty }

    /// The last time that reads were kept off; nil where that is over and nobody noted it.
    ///
    /// - Parameter unknown: for a beginning that was not noted, as no handle had bypass then.
    func hindrance(unknown: UInt64) -> RouteHindrance? {
        let (began, ended) = (keptTimes.began, keptTimes.ended)
        let begin = TraditionalCause(rawValue: keptBy.load(ordering: .relaxed))
        let end = TraditionalCause(rawValue: freedFrom.load(ordering: .relaxed))
        if isKeptOff {
            return RouteHindrance(
                began: began > ended ? began : unknown, ended: nil,
                beginning: begin?.beginning ?? .paused, end: .resumed)
        }
        guard began < ended else { return nil }
        return RouteHindrance(
            began: began, ended: ended, beginning: begin?.beginning ?? .paused,
            end: end?.end ?? .resumed)
    }

    // MARK: Who paused it

    /// Notes a filter as a pauser of the pause in force, if there is a pause.
    func note(pauser: Altitude) {
        control.change { control in
            guard control.isPaused, !control.pausers.contains(pauser) else { return }
            control.pausers.append(pauser)
        }
    }

    /// The filter is gone.
    func forget(pauser: Altitude) {
        control.change { control in control.pausers.removeAll { $0 == pauser } }
    }

    /// The stream is paused, and `pauser` shall have it resumed when it stops vetoing. The filter
    /// paused the stream, or an earlier resume may have met its veto.
    func isToBeResumed(by pauser: Altitude) -> Bool {
        control.look { control in
            control.isPaused && (control.isResumeRefused || control.pausers.contains(pauser))
        }
    }

    // MARK: Attributes that decide about bypass

    /// ENABLEs that looked at the attributes before look again. Returns false where `isExclusive`
    /// is set and a handle has bypass; then no change begins.
    func beginAttributeChange(onlyWithoutBypass isExclusive: Bool) -> Bool {
        control.change { control in
            if isExclusive, control.bypassOpenCount > 0 { return false }
            control.attributeChanges += 1
            control.attributeChangesUnderWay += 1
            return true
        }
    }

    func endAttributeChange() {
        control.change { control in
            control.attributeChanges += 1
            control.attributeChangesUnderWay -= 1
        }
    }
}

extension TraditionalCause {
    fileprivate var beginning: RouteCause { self == .streamPaused ? .paused : .suspended(self) }
    fileprivate var end: RouteCause { self == .streamPaused ? .resumed : .suspensionEnded(self) }
}

/// A cause that keeps a stream off the bypass route without a pause (spec 4.6 and 6.9).
public struct StreamSuspension: OptionSet, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Another handle does cached I/O.
    public static let cachedHandle = StreamSuspension(rawValue: 1 << 0)
    /// The file is mapped.
    public static let mapped = StreamSuspension(rawValue: 1 << 1)
    /// The data lies in the inode.
    public static let resident = StreamSuspension(rawValue: 1 << 2)
    /// The file became sparse.
    public static let sparse = StreamSuspension(rawValue: 1 << 3)
    /// The file is being moved on the storage.
    public static let moving = StreamSuspension(rawValue: 1 << 4)

    /// Each cause by itself.
    var single: [StreamSuspension] {
        [.cachedHandle, .mapped, .resident, .sparse, .moving].filter { contains($0) }
    }

    public var description: String {
        let names: [(StreamSuspension, String)] = [
            (.cachedHandle, "another handle does cached I/O"), (.mapped, "the file is mapped"),
            (.resident, "the data lies in the inode"), (.sparse, "the file is sparse"),
            (.moving, "the file is being moved"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

/// Which cached uses of a file keep its handles off the bypass route (spec 4.6). Under either
/// policy no bypassed read returns stale bytes.
public enum SuspensionPolicy: String, Sendable, CaseIterable {
    /// Windows' rule: every cached or mapped use, until its handle and mappings are gone.
    case strict
    /// Only a use that can hold data newer than the backing file, because it may write; until its
    /// handle and mappings are gone. A handle that only reads through a cache suspends nothing.
    case dirty
}
