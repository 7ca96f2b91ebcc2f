#if INTERLEAVING
    /// One step of a thread that others can see, as a test's scheduler is told of it.
    public struct ScheduledStep: Sendable, Equatable {
        public enum Kind: String, Sendable {
            /// A look at a word; it commutes with other looks.
            case load
            /// Any change of a word.
            case update
            /// Taking a lock: possible while nobody holds it.
            case lock
            case unlock
            /// Sleeping on a semaphore: possible once it was signalled.
            case wait
            case signal
        }

        public let kind: Kind
        /// Which word, lock or semaphore; unique among those that exist.
        public let object: UInt

        public init(_ kind: Kind, on object: UInt) {
            self.kind = kind
            self.object = object
        }
    }
#endif
