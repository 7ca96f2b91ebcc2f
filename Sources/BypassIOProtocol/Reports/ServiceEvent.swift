/// What happened on a mount and people may want to know, as `bypassio events`, the control
/// interface and the journal tell it.
public struct ServiceEvent: Codable, Sendable, Equatable {
    /// Counts the events of a service from 1, without gaps.
    public var number: UInt64 = 0
    /// ISO 8601, UTC, with microseconds: `2026-03-01T12:00:00.123456Z`.
    public var time: String = ""
    public var kind: Kind
    /// ``Kind/id``.
    public var id: Int
    public var severity: Severity
    /// How often it happened since the same was last told; this time included.
    public var count: UInt64 = 1
    /// One line for people.
    public var text: String

    /// The filter, file system or driver that it is about.
    public var driver: String?
    public var altitude: String?
    /// By which somebody opened the file, from the volume's root.
    public var path: String?
    /// As ``BypassIOOperation`` calls it, such as `streamPause`.
    public var operation: String?
    /// The number of an `NTStatus`, and its name in Windows' headers where it has one.
    public var status: UInt32?
    public var statusName: String?
    /// A veto's sentence.
    public var reason: String?
    /// What suspends bypass, or why the kernel has to ask.
    public var cause: String?
    /// A number of errno(3).
    public var errno: Int32?

    public init(_ kind: Kind, _ severity: Severity, _ text: String) {
        self.kind = kind
        id = kind.id
        self.severity = severity
        self.text = text
    }

    /// As syslog(3) knows them.
    public enum Severity: String, Codable, Sendable, CaseIterable {
        case info, notice, warning, error
    }

    /// What kind of thing happened. The words and numbers are stable: programs look for them.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case mounted, ended, problem, channelEnded, storageFailed, requestWaits
        case attached, detached, optionSet
        case vetoed, found, denied, asked, undecided
        case paused, resumed, resumeRefused, pauseFailed
        case suspended, suspensionEnded
        case kernelGranted, gateClosed, gateOpened, gateStuck

        /// `BYPASSIO_EVENT` in the journal.
        public var id: Int {
            switch self {
            case .mounted: 1
            case .ended: 2
            case .problem: 3
            case .channelEnded: 4
            case .storageFailed: 5
            case .requestWaits: 6
            case .attached: 10
            case .detached: 11
            case .optionSet: 12
            case .vetoed: 20
            case .found: 21
            case .denied: 22
            case .asked: 23
            case .undecided: 24
            case .paused: 30
            case .resumed: 31
            case .resumeRefused: 32
            case .pauseFailed: 33
            case .suspended: 40
            case .suspensionEnded: 41
            case .kernelGranted: 50
            case .gateClosed: 51
            case .gateOpened: 52
            case .gateStuck: 53
            }
        }
    }
}

/// Events of a service, the oldest first.
public struct EventPage: Codable, Sendable, Equatable {
    public var events: [ServiceEvent]
    /// Events that came after the number asked for and are kept no more.
    public var lost: UInt64
    /// The number of the last event: what to ask for next.
    public var next: UInt64

    public init(events: [ServiceEvent], lost: UInt64, next: UInt64) {
        self.events = events
        self.lost = lost
        self.next = next
    }
}

/// How often events of each kind happened since the service began, told or only counted.
public struct EventTallies: Sendable, Equatable {
    public var byKind: [ServiceEvent.Kind: UInt64] = [:]
    /// Events that readers who came late asked for and that were kept no more.
    public var lost: UInt64 = 0

    public init() {}
}
