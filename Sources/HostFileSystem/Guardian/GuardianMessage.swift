internal import LinuxKit
internal import SystemPackage

/// What a service and its guardian tell each other, a packet each.
enum GuardianMessage: Sendable, Hashable {
    // From the service.
    /// The group of the gates comes with it.
    case group
    /// The reads of this mount, which comes with it, have to fail once the service is gone.
    case hold(mount: UInt64)
    case release(mount: UInt64)
    /// The answer to ``ping``: every event that had come is dealt with.
    case pong
    /// The service is this process from now on.
    case adopted(by: Int32)
    /// The watch of the end of the file system that programs read through comes with it, if the
    /// machine gives one.
    case end
    /// The process that keeps the service's descriptors, and starts another if the service dies.
    case kept(by: Int32)

    // From the guardian.
    /// Asks for a sign of life.
    case ping
    /// The guardian has failed reads in the service's place, and taken events.
    case tookOver
    /// The file system that programs read through has ended, and so does the guardian.
    case over

    /// In bytes; both ends read with a buffer of it.
    static let size = 9

    var bytes: [UInt8] {
        let (kind, number): (UInt8, UInt64) =
            switch self {
            case .group: (1, 0)
            case .hold(let mount): (2, mount)
            case .release(let mount): (3, mount)
            case .pong: (4, 0)
            case .ping: (5, 0)
            case .tookOver: (6, 0)
            case .over: (7, 0)
            case .adopted(let process): (8, UInt64(truncatingIfNeeded: process))
            case .end: (9, 0)
            case .kept(let process): (10, UInt64(truncatingIfNeeded: process))
            }
        return [kind] + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// nil for anything that ``bytes`` does not make.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size, let kind = bytes.first else { return nil }
        let number = bytes.dropFirst().reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch kind {
        case 1: self = .group
        case 2: self = .hold(mount: number)
        case 3: self = .release(mount: number)
        case 4: self = .pong
        case 5: self = .ping
        case 6: self = .tookOver
        case 7: self = .over
        case 8: self = .adopted(by: Int32(truncatingIfNeeded: number))
        case 9: self = .end
        case 10: self = .kept(by: Int32(truncatingIfNeeded: number))
        default: return nil
        }
    }
}

/// How long programs wait at a gate whose service does not answer, before their reads fail.
public struct GuardianBounds: Sendable, Hashable {
    /// After the service's death.
    public var afterDeath: Duration
    /// While the service lives and deals with no event.
    public var whileSilent: Duration

    /// Another process keeps the service's descriptors, and has a service take its place: only the
    /// channel's end, or the end of both processes, is the end.
    public var isKept: Bool

    public init(
        afterDeath: Duration = .zero, whileSilent: Duration = .seconds(30), isKept: Bool = false
    ) {
        self.isKept = isKept
        self.afterDeath = afterDeath
        self.whileSilent = whileSilent
    }

    /// How often the guardian looks whether events wait: often enough for the bound, and less than
    /// twice a second where it can be.
    var interval: Duration { min(.seconds(5), max(.milliseconds(50), whileSilent / 4)) }
}
