#if INTERLEAVING
    /// The part of a word that a step touches, bit by bit.
    public struct ScheduledPart: Sendable, Equatable {
        /// Bits that decide the step's effect, or what its thread does next.
        public var looks: UInt64
        /// Counts that the step adds to, whatever their value: additions commute.
        public var adds: UInt64
        public var changes: UInt64

        public init(looks: UInt64 = 0, adds: UInt64 = 0, changes: UInt64 = 0) {
            self.looks = looks
            self.adds = adds
            self.changes = changes
        }

        public static let look = ScheduledPart(looks: .max)
        public static let change = ScheduledPart(looks: .max, changes: .max)

        /// Whether the order of two such steps may make a difference.
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
