#if INTERLEAVING
    private import Synchronization

    /// Decides which thread goes on. Called before each step, on the thread that is to take it;
    /// returns when it may. `unlock` and `signal` never wait.
    public protocol StepScheduler: Sendable {
        func step(_ step: ScheduledStep)
        /// What the calling thread's next word, lock or semaphore is called: the same whenever the
        /// thread has come the same way.
        func newIdentity() -> UInt
        /// All that the calling thread has found in its operation.
        func mark() -> UInt64
        /// Of what the calling thread found since the mark it keeps `rest` only.
        func forget(since mark: UInt64, but rest: Int)
        /// That one is gone.
        func forget(_ object: UInt)
    }

    /// Where the state machine meets a test's scheduler; only in builds with INTERLEAVING.
    public enum Interleaving {
        /// Set while no other thread runs.
        public nonisolated(unsafe) static var scheduler: (any StepScheduler)?
        /// A name of what the build is to do wrong, so that the test shows that it would notice.
        public nonisolated(unsafe) static var mutant: String?

        public static func step(
            _ kind: ScheduledStep.Kind, on object: UInt, _ content: (any ScheduledContent)? = nil
        ) {
            unsafe scheduler?.step(ScheduledStep(kind, on: object, content))
        }

        private static let identities = Synchronization.Atomic<UInt>(0)

        /// What a step names its object by. Not an address: that of a thing that is gone comes
        /// again, with its history.
        public static func newIdentity() -> UInt {
            unsafe scheduler?.newIdentity()
                ?? identities.wrappingAdd(1, ordering: .relaxed).newValue
        }

        /// At the begin and the end of what gives no result but `rest`: the thread comes out as it
        /// went in, whatever it found.
        static func mark() -> UInt64 { unsafe scheduler?.mark() ?? 0 }
        static func forget(since mark: UInt64, but rest: Int = 0) {
            unsafe scheduler?.forget(since: mark, but: rest)
        }

        static func forget(_ object: UInt) { unsafe scheduler?.forget(object) }
    }
#endif
