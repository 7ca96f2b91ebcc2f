public import BypassIOProtocol
public import IOStack

/// Which requests the fault filter meets, and what it does to them.
public struct FaultRule: Sendable, Equatable {
    /// Kinds of requests.
    public struct Operations: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// IRP_MJ_CREATE of whoever wants data, or makes a name.
        public static let open = Operations(rawValue: 1 << 0)
        public static let read = Operations(rawValue: 1 << 1)
        public static let write = Operations(rawValue: 1 << 2)
        /// IRP_MJ_FLUSH_BUFFERS: fsync and fdatasync.
        public static let sync = Operations(rawValue: 1 << 3)
        /// IRP_MJ_SET_INFORMATION: sizes, permissions, times, names.
        public static let change = Operations(rawValue: 1 << 4)
        /// IRP_MJ_DIRECTORY_CONTROL.
        public static let list = Operations(rawValue: 1 << 5)
        /// Extended attributes, read and set.
        public static let attribute = Operations(rawValue: 1 << 6)

        public static let all: Operations = [
            .open, .read, .write, .sync, .change, .list, .attribute,
        ]

        static let names: [(name: String, operation: Operations)] = [
            ("open", .open), ("read", .read), ("write", .write), ("sync", .sync),
            ("change", .change), ("list", .list), ("attribute", .attribute),
        ]
    }

    public enum Effect: Sendable, Equatable {
        /// Nothing but the delay.
        case none
        case fail(NTStatus)
        /// A read gets so many bytes at most; nil: half of them.
        case short(Int?)
        /// One bit of what is read is another.
        case flip
        /// The request stays in the filter until it is released: by ``FaultFilter/release(_:)``, by
        /// the rule's end, or when its program is interrupted. A detach releases it, too, unless
        /// the rule is stubborn, as filters are that do not let go; the volume's dismount always.
        case hang(isStubborn: Bool)
    }

    /// Unique in a filter; empty: the filter numbers it.
    public var name: String
    public var glob: PathPattern
    public var operations: Operations
    /// Of reads and writes: bytes of the file, of which they touch one at least.
    public var range: Range<UInt64> = 0..<UInt64.max
    /// 0 < p ≤ 1
    public var probability = 1.0
    /// How often it hits at most; nil without end.
    public var limit: UInt64?
    public var delay = Duration.zero
    public var effect: Effect
    /// As it was written, for people.
    public let text: String
}
