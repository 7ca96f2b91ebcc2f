#if INTERLEAVING
    /// One step of a thread that others can see, as a test's scheduler is told of it.
    public struct ScheduledStep: Sendable {
        public enum Kind: String, Sendable {
            /// A look at a word; it commutes with other looks.
            case load
            /// Any change of a word.
            case update
            /// Taking a lock: possible while nobody holds it.
            case lock
            /// Taking a lock to look at what lies behind it, and giving it back.
            case peek
            case unlock
            /// Sleeping on a semaphore: possible once it was signalled.
            case wait
            case signal
        }

        public let kind: Kind
        /// Which word, lock or semaphore; unique among those that exist.
        public let object: UInt
        /// Tells what the step finds there; nil for what tells nothing.
        public let content: (any ScheduledContent)?
        private let part: (@Sendable () -> ScheduledPart)?
        private let view: (@Sendable () -> Int)?

        public init(_ kind: Kind, on object: UInt, _ content: (any ScheduledContent)? = nil) {
            self.kind = kind
            self.object = object
            self.content = content
            part = nil
            view = nil
            isPartFixed = true
        }

        /// - Parameters:
        ///   - part: what of its object the step touches, as that stands now.
        ///   - isPartFixed: that is the same whatever stands there.
        ///   - view: what of it the thread would get to see now.
        init(
            _ kind: Kind, on object: UInt, _ content: any ScheduledContent,
            part: @escaping @Sendable () -> ScheduledPart, isPartFixed: Bool,
            view: @escaping @Sendable () -> Int
        ) {
            self.kind = kind
            self.object = object
            self.content = content
            self.part = part
            self.isPartFixed = isPartFixed
            self.view = view
        }

        /// What of its object the step touches does not depend on what it finds.
        public let isPartFixed: Bool

        /// What of its object the step touches if it is taken now.
        public var touched: ScheduledPart {
            part?() ?? (kind == .load || kind == .peek ? .look : .change)
        }

        /// What the thread gets to see if the step is taken now; nil: all of the content.
        public var seen: Int? { view?() }
    }
#endif
