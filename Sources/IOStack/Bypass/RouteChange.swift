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
