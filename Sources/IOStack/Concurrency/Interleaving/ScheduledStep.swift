#if INTERLEAVING
    /// A step of a thread that other threads can see, as a test's scheduler gets it.
    public struct ScheduledStep: Sendable {
        public enum Kind: String, Sendable {
            /// A look at a word. It commutes with other looks.
            case load
            /// Any change of a word.
            case update
            /// Taking a lock: possible while no thread holds it.
            case lock
            /// Taking a lock to look at its value, and giving it back.
            case peek
            case unlock
            /// Sleeping on a semaphore: possible once it was signalled.
            case wait
            case signal
        }

        public let kind: Kind
        /// The word, lock or semaphore; unique among those that exist.
        public let object: UInt
        /// Tells what the step finds there; nil if nothing is to be found.
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
        ///   - part: the part of its object that the step touches, given the object's present
        ///     value.
        ///   - isPartFixed: the part is the same for every value.
        ///   - view: what the thread would see of the object now.
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

        /// The part of its object that the step touches does not depend on the object's value.
        public let isPartFixed: Bool

        /// The part of its object that the step touches if it is taken now.
        public var touched: ScheduledPart {
            part?() ?? (kind == .load || kind == .peek ? .look : .change)
        }

        /// What the thread sees if the step is taken now; nil: all of the content.
        public var seen: Int? { view?() }
    }
#endif
