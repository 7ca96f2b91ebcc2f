#if INTERLEAVING
    /// What of a word a step touches, bit by bit.
    public struct ScheduledPart: Sendable, Equatable {
        /// What it does depends on them, or what its thread does then.
        public var looks: UInt64
        /// Counts that it adds to, whatever they are: additions commute.
        public var adds: UInt64
        public var changes: UInt64

        public init(looks: UInt64 = 0, adds: UInt64 = 0, changes: UInt64 = 0) {
            self.looks = looks
            self.adds = adds
            self.changes = changes
        }

        public static let look = ScheduledPart(looks: .max)
        public static let change = ScheduledPart(looks: .max, changes: .max)

        /// The order of two such steps may make a difference.
        @inline(__always)
        public func conflicts(with other: ScheduledPart) -> Bool {
            let mine = adds | changes
            let others = other.adds | other.changes
            return looks & others | mine & other.looks | changes & others | mine & other.changes
                != 0
        }

        public func contains(_ other: ScheduledPart) -> Bool {
            other.looks & ~looks | other.adds & ~adds | other.changes & ~changes == 0
        }

        public mutating func formUnion(_ other: ScheduledPart) {
            looks |= other.looks
            adds |= other.adds
            changes |= other.changes
        }
    }
#endif
