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

    // From the guardian.
    /// There are events that nobody has read.
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
        default: return nil
        }
    }
}
