#if INTERLEAVING
    private import Synchronization

    /// Decides which thread goes on. Called before each step, on the thread that is to take it;
    /// returns when it may. `unlock` and `signal` never wait.
    public protocol StepScheduler: Sendable {
        func step(_ step: ScheduledStep)
    }

    /// Where the state machine meets a test's scheduler; only in builds with INTERLEAVING.
    public enum Interleaving {
        /// Set once, before other threads begin.
        public nonisolated(unsafe) static var scheduler: (any StepScheduler)?
        /// A name of what the build is to do wrong, so that the test shows that it would notice.
        public nonisolated(unsafe) static var mutant: String?

        public static func step(_ kind: ScheduledStep.Kind, on object: UInt) {
            unsafe scheduler?.step(ScheduledStep(kind, on: object))
        }

        private static let identities = Synchronization.Atomic<UInt>(0)

        /// What a step names its object by. Not an address: that of a thing that is gone comes again, with
        /// its history.
        static func newIdentity() -> UInt {
            identities.wrappingAdd(1, ordering: .relaxed).newValue
        }

        static func isMutant(_ name: String) -> Bool { unsafe mutant == name }
    }
#endif
