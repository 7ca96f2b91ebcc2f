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
        /// The filter's own code traps, as Swift does at a fault of a program: the process that
        /// serves the volume ends.
        case crash
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

/// The rules of a fault filter, and how often each has hit. A value under its owner's lock.
struct FaultRules: Sendable {
    private struct Live {
        let rule: FaultRule
        var hits: UInt64 = 0

        /// It has hit as often as it may.
        var isSpent: Bool { rule.limit.map { hits >= $0 } ?? false }
    }

    /// What one request meets.
    struct Blow: Sendable {
        let rule: FaultRule
        /// Differs from hit to hit, and is the same for the same seed.
        let chance: UInt64
        /// It was the last, and reads may bypass again for all that this rule cares.
        let freesReads: Bool
    }

    private var rules: [Live] = []
    private var nextNumber = 1
    private var chances: SeededChances

    init(seed: UInt64) { chances = SeededChances(seed: seed) }

    /// Each with how often it has hit.
    var all: [(rule: FaultRule, hits: UInt64)] { rules.map { ($0.rule, $0.hits) } }

    /// Adds a rule behind the others, or in place of that of its name.
    mutating func add(_ rule: FaultRule) {
        var rule = rule
        if rule.name.isEmpty {
            while rules.contains(where: { $0.rule.name == String(nextNumber) }) { nextNumber += 1 }
            rule.name = String(nextNumber)
            nextNumber += 1
        }
        if let place = rules.firstIndex(where: { $0.rule.name == rule.name }) {
            rules[place] = Live(rule: rule)
        } else {
            rules.append(Live(rule: rule))
        }
    }

    /// The rules that went: of that name, or all.
    mutating func remove(_ name: String?) -> [FaultRule] {
        let gone = rules.filter { name == nil || $0.rule.name == name }.map(\.rule)
        rules.removeAll { name == nil || $0.rule.name == name }
        return gone
    }

    /// The first rule that may still hit a read of that path.
    func ruleForReads(of path: String) -> FaultRule? {
        rules.first {
            !$0.isSpent && $0.rule.operations.contains(.read) && $0.rule.glob.matches(path)
        }?.rule
    }

    /// A request meets the first rule that is for it, and whose chance says so.
    mutating func strike(
        _ operation: FaultRule.Operations, _ path: String, _ range: Range<UInt64>?
    ) -> Blow? {
        for place in rules.indices {
            let live = rules[place]
            guard live.rule.operations.contains(operation), !live.isSpent,
                range.map({ live.rule.isTouched(by: $0) }) ?? true, live.rule.glob.matches(path)
            else { continue }
            let chance = chances.next()
            // 53 bits, as many as the number has.
            guard Double(chance >> 11) * 0x1p-53 < live.rule.probability else { continue }
            rules[place].hits += 1
            return Blow(
                rule: live.rule, chance: chances.next(),
                freesReads: rules[place].isSpent && live.rule.operations.contains(.read))
        }
        return nil
    }
}

extension FaultRule {
    /// A read of nothing touches the byte at which it is.
    fileprivate func isTouched(by bytes: Range<UInt64>) -> Bool {
        bytes.isEmpty ? range.contains(bytes.lowerBound) : range.overlaps(bytes)
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededChances: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
