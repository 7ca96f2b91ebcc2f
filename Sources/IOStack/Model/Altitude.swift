/// A minifilter's place in the stack: a decimal of any length, compared by value, never as text or
/// floating point (`load-order-groups-and-altitudes-for-minifilter-drivers.md`).
///
/// `325000.3` lies above `325000.25` and below `325000.31`; `40500` equals `040500.0`.
public struct Altitude: Sendable, CustomStringConvertible {
    /// The altitude as it was written.
    public let description: String
    /// Digits before the point, without leading zeros.
    private let integer: [UInt8]
    /// Digits after the point, without trailing zeros.
    private let fraction: [UInt8]

    /// A whole number, the form in which load order groups are given.
    public init(integer value: UInt) {
        description = String(value)
        integer = value == 0 ? [] : Array(description.utf8)
        fraction = []
    }

    /// nil unless `text` is digits with at most one point between digits.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard parts.count == 1 || parts.count == 2,
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(digits.contains) })
        else { return nil }
        description = text
        integer = Array(parts[0].drop { $0 == UInt8(ascii: "0") })
        var fraction = parts.count == 2 ? Array(parts[1]) : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        self.fraction = fraction
    }
}

extension Altitude: Comparable {
    public static func == (a: Altitude, b: Altitude) -> Bool {
        a.integer == b.integer && a.fraction == b.fraction
    }

    public static func < (a: Altitude, b: Altitude) -> Bool {
        if a.integer.count != b.integer.count { return a.integer.count < b.integer.count }
        if a.integer != b.integer { return a.integer.lexicographicallyPrecedes(b.integer) }
        return a.fraction.lexicographicallyPrecedes(b.fraction)
    }
}

extension Altitude: Hashable {
    public func hash(into hasher: inout Hasher) {
        hasher.combine(integer)
        hasher.combine(fraction)
    }
}

/// The load order groups that altitudes are assigned from, top of the stack first
/// (`load-order-groups-and-altitudes-for-minifilter-drivers.md`).
public enum LoadOrderGroup: String, CaseIterable, Sendable {
    case filter = "Filter"
    case top = "FSFilter Top"
    case activityMonitor = "FSFilter Activity Monitor"
    case undelete = "FSFilter Undelete"
    case antiVirus = "FSFilter Anti-Virus"
    case replication = "FSFilter Replication"
    case continuousBackup = "FSFilter Continuous Backup"
    case contentScreener = "FSFilter Content Screener"
    case quotaManagement = "FSFilter Quota Management"
    case systemRecovery = "FSFilter System Recovery"
    case clusterFileSystem = "FSFilter Cluster File System"
    case hsm = "FSFilter HSM"
    case imaging = "FSFilter Imaging"
    case compression = "FSFilter Compression"
    case encryption = "FSFilter Encryption"
    case virtualization = "FSFilter Virtualization"
    case physicalQuotaManagement = "FSFilter Physical Quota Management"
    case openFile = "FSFilter Open File"
    case securityEnhancer = "FSFilter Security Enhancer"
    case copyProtection = "FSFilter Copy Protection"
    case bottom = "FSFilter Bottom"
    case system = "FSFilter System"
    case infrastructure = "FSFilter Infrastructure"

    /// The whole numbers of the group; a fraction extends one of them.
    public var altitudes: ClosedRange<Int> {
        switch self {
        case .filter: 420_000...429_999
        case .top: 400_000...409_999
        case .activityMonitor: 360_000...389_999
        case .undelete: 340_000...349_999
        case .antiVirus: 320_000...329_999
        case .replication: 300_000...309_999
        case .continuousBackup: 280_000...289_999
        case .contentScreener: 260_000...269_999
        case .quotaManagement: 240_000...249_999
        case .systemRecovery: 220_000...229_999
        case .clusterFileSystem: 200_000...209_999
        case .hsm: 180_000...189_999
        case .imaging: 170_000...175_000
        case .compression: 160_000...169_999
        case .encryption: 140_000...149_999
        case .virtualization: 130_000...139_999
        case .physicalQuotaManagement: 120_000...129_999
        case .openFile: 100_000...109_999
        case .securityEnhancer: 80_000...89_999
        case .copyProtection: 60_000...69_999
        case .bottom: 40_000...49_999
        case .system: 20_000...29_999
        case .infrastructure: 0...19_999
        }
    }
}
