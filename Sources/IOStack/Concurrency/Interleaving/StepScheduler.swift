#if INTERLEAVING
    private import Synchronization

    /// Decides which thread goes on. A thread calls it before each of its steps; the call returns
    /// when the thread may take the step. `unlock` and `signal` never wait.
    public protocol StepScheduler: Sendable {
        func step(_ step: ScheduledStep)
        /// The name of the calling thread's next word, lock or semaphore. It is the same whenever
        /// the thread has come the same way.
        func newIdentity() -> UInt
        /// All that the calling thread has found in its operation.
        func mark() -> UInt64
        /// Of the findings since the mark, the calling thread keeps only `rest`.
        func forget(since mark: UInt64, but rest: Int)
        /// The object is gone.
        func forget(_ object: UInt)

        /// The time of a simulation, in nanoseconds; nil: nothing takes time, and drains wait
        /// without a limit.
        var now: UInt64? { get }
        /// Sleeps until the semaphore is signalled or the time of the simulation comes. Returns
        /// whether it was signalled. Called only where ``now`` is not nil.
        func sleep(on semaphore: UInt, until time: UInt64) -> Bool
        /// Runs `body` on a further thread of a simulation. Called only where ``now`` is not nil.
        func spawn(_ body: @escaping @Sendable () -> Void)
    }

    /// A search of every order has no time.
    extension StepScheduler {
        public var now: UInt64? { nil }
        public func sleep(on semaphore: UInt, until time: UInt64) -> Bool { false }
        public func spawn(_ body: @escaping @Sendable () -> Void) { body() }
    }

    /// Connects the state machine with a test's scheduler; only in builds with INTERLEAVING.
    public enum Interleaving {
        /// Set while no other thread runs.
        public nonisolated(unsafe) static var scheduler: (any StepScheduler)?
        /// The name of the mutant that the build plants, by which a test shows that it would
        /// notice.
        public nonisolated(unsafe) static var mutant: String?

        public static func step(
            _ kind: ScheduledStep.Kind, on object: UInt, _ content: (any ScheduledContent)? = nil
        ) {
            unsafe scheduler?.step(ScheduledStep(kind, on: object, content))
        }

        private static let identities = Synchronization.Atomic<UInt>(0)

        /// The name by which a step refers to its object. Not an address: a new object may get a
        /// dead object's address, and with it its history.
        public static func newIdentity() -> UInt {
            unsafe scheduler?.newIdentity()
                ?? identities.wrappingAdd(1, ordering: .relaxed).newValue
        }

        /// Called at the beginning and the end of an operation whose only result is `rest`.
        /// Whatever the thread found in between is forgotten.
        static func mark() -> UInt64 { unsafe scheduler?.mark() ?? 0 }
        static func forget(since mark: UInt64, but rest: Int = 0) {
            unsafe scheduler?.forget(since: mark, but: rest)
        }

        static func forget(_ object: UInt) { unsafe scheduler?.forget(object) }

        /// The time of a simulation, in nanoseconds; nil: nothing takes time.
        static var now: UInt64? { unsafe scheduler?.now ?? nil }
    }
#endif
