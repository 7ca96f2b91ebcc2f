import Synchronization

/// The bypass state of one open: the part of a `FILE_OBJECT` that FSCTL_MANAGE_BYPASS_IO is about.
///
/// Any thread. A volume's ``BypassVolume`` changes it; each member states its lock.
struct BypassHandle: ~Copyable, Sendable {
    /// Bit 0: bypass is enabled. Bit 1: the last handle is gone. Bit 2: the cleanup is over, too.
    /// The rest counts DISABLEs.
    ///
    /// Bits 0 and 1 change under the volume's `state` lock; every read loads them with acquire
    /// ordering. Bit 2 is set once, without a lock. A read looks again after it has entered the
    /// gates. So a DISABLE that clears bit 0 and then drains the stream's gate has waited for the
    /// last bypassed read.
    private let word = GateWord()
    /// The cached uses that the stream counts for this handle. A use is set under the stream's
    /// `control` lock and never cleared. A relaxed look without the lock only spares the lock.
    private let cachedUses = Atomic<UInt8>(0)

    /// When bypass was enabled and disabled last.
    let times = SpellTimes()

    private static var enabledBit: UInt64 { 1 }
    private static var closedBit: UInt64 { 2 }
    private static var bothBits: UInt64 { 3 }
    private static var cleanedUpBit: UInt64 { 4 }
    private static var oneDisable: UInt64 { 8 }
    private static var disablesMask: UInt64 { ~(bothBits | cleanedUpBit) }

    /// Bypass is enabled; reads may still take the traditional route.
    var isEnabled: Bool { word.look(at: Self.enabledBit) != 0 }

    /// The last handle is gone.
    var isClosed: Bool { word.look(at: Self.closedBit) != 0 }

    var isCleanedUp: Bool { word.look(at: Self.cleanedUpBit) != 0 }

    /// Bypass is enabled, and the handle is not closed.
    @inline(__always)
    var mayBypass: Bool { word.look(at: Self.bothBits) == Self.enabledBit }

    /// DISABLEs so far, even those that found no bypass. Changes under the volume's `state` lock.
    var disables: UInt64 { word.look(at: Self.disablesMask) }

    /// Called once, by the sender of the cleanup.
    func setCleanedUp() { word.set(Self.cleanedUpBit) }

    /// Under the volume's `state` lock.
    func setEnabled(_ enabled: Bool) {
        if enabled {
            times.begin()
            word.set(Self.enabledBit)
        } else {
            word.clear(Self.enabledBit)
            times.finish()
        }
    }

    /// Under the volume's `state` lock.
    func countDisable() {
        _ = word.countIn(Self.oneDisable, counts: Self.disablesMask, seeing: 0)
    }

    /// Under the volume's `state` lock. False if the handle was closed already.
    func setClosed() -> Bool { word.set(Self.closedBit, seeing: Self.closedBit) == 0 }

    // MARK: Cached use

    /// Under the stream's `control` lock. False if the use was counted before.
    func setCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.bitwiseOr(use.rawValue, ordering: .relaxed).oldValue & use.rawValue == 0
    }

    @inline(__always)
    func isCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.load(ordering: .relaxed) & use.rawValue != 0
    }

    /// The cached uses that the stream counts for this handle; read once nothing uses the handle
    /// any more.
    var countedUses: StreamSuspension {
        StreamSuspension(rawValue: cachedUses.load(ordering: .acquiring))
    }
}

/// The owner of a ``BypassHandle``: a file object.
protocol BypassHolder: AnyObject, Sendable {
    var isBypassEnabled: Bool { get }
}

/// A file object in the volume's list of those with bypass. The entry does not keep it alive.
struct WeakHolder: Sendable {
    private(set) weak var holder: (any BypassHolder)?

    init(_ holder: any BypassHolder) { self.holder = holder }
}

/// The last change of the way that a file object's reads take.
public struct RouteChange: Sendable, Equatable {
    public let cause: RouteCause
    /// By ``LayerClock``.
    public let moment: UInt64

    public init(_ cause: RouteCause, at moment: UInt64) {
        self.cause = cause
        self.moment = moment
    }
}

/// What changed it.
public enum RouteCause: Sendable, Equatable, CustomStringConvertible {
    case opened
    case enabled
    case disabled
    case paused
    case resumed
    case suspended(TraditionalCause)
    case suspensionEnded(TraditionalCause)
    /// A filter that does not know BypassIO.
    case filterAttached
    case filterDetached
    /// The kernel, which reads the file itself, has to ask: why.
    case gateClosed(String)
    case gateOpened

    /// For programs.
    public var word: String {
        switch self {
        case .opened: "opened"
        case .enabled: "enabled"
        case .disabled: "disabled"
        case .paused: "paused"
        case .resumed: "resumed"
        case .suspended: "suspended"
        case .suspensionEnded: "suspensionEnded"
        case .filterAttached: "filterAttached"
        case .filterDetached: "filterDetached"
        case .gateClosed: "gateClosed"
        case .gateOpened: "gateOpened"
        }
    }

    /// For people, to follow "since".
    public var description: String {
        switch self {
        case .opened: "it was opened"
        case .enabled: "bypass was enabled"
        case .disabled: "bypass was disabled"
        case .paused: "a filter or a program paused the file's bypass"
        case .resumed: "the pause of the file's bypass ended"
        case .suspended(let cause): cause.description
        case .suspensionEnded(.cachedElsewhere): "no other handle does cached I/O any more"
        case .suspensionEnded(.mapped): "the file is mapped no more"
        case .suspensionEnded(.resident): "the data lies in the inode no more"
        case .suspensionEnded(.sparse): "the file is sparse no more"
        case .suspensionEnded: "the file is moved no more"
        case .filterAttached: "a filter that does not know BypassIO was attached"
        case .filterDetached: "the filter that does not know BypassIO is gone"
        case .gateClosed(let cause): cause
        case .gateOpened: "the kernel need not ask any more"
        }
    }
}

/// A spell during which reads went through the filters, whatever else was in the way.
struct RouteHindrance {
    /// By ``LayerClock``.
    let began: UInt64
    /// nil: it lasts.
    let ended: UInt64?
    let beginning: RouteCause
    let end: RouteCause
}

extension RouteChange {
    /// The last change of the way, of a handle that was opened then: it became fast when the last
    /// hindrance ended, or slow when the first of those began that have followed each other without
    /// a gap until now. Of each kind of hindrance the last spell is known.
    init(opened: UInt64, _ hindrances: [RouteHindrance]) {
        let present = hindrances.filter { $0.ended == nil }
        guard var first = present.min(by: { $0.began < $1.began }) else {
            let last = hindrances.max { ($0.ended ?? 0) < ($1.ended ?? 0) }
            let moment = last?.ended ?? 0
            self = RouteChange(
                moment > opened ? last?.end ?? .opened : .opened, at: max(moment, opened))
            return
        }
        func lasted(_ hindrance: RouteHindrance) -> Bool {
            hindrance.began < first.began && first.began <= hindrance.ended ?? 0
        }
        while let earlier = hindrances.first(where: lasted) { first = earlier }
        self = RouteChange(
            first.began > opened ? first.beginning : .opened, at: max(first.began, opened))
    }
}
