import Dispatch
import Synchronization

// Where a search of every order (Tests/Interleavings) meets the state machine. The build of the
// search has the counterparts of all this in the folder `Interleaving`; in every other build it is
// nothing: what is declared here is empty or constant, is inlined, and leaves no code behind.

#if !INTERLEAVING

    /// Whether a search runs the threads.
    enum Interleaving {
        @inline(__always)
        static var isSearched: Bool { false }
    }

    extension Mutant {
        /// Whether the build is to do wrong what the mutant is about.
        @inline(__always)
        var isPlanted: Bool { false }
    }

    /// What a thread found since this was made. A search counts two ways of a thread as one that
    /// differ in nothing it still knows.
    struct StepMemory {
        @inline(__always)
        init() {}

        /// The thread keeps `rest` of it and nothing else.
        @inline(__always)
        func forget<Rest: Hashable>(but rest: @autoclosure () -> Rest) {}

        @inline(__always)
        func forget() {}
    }

    /// Tells the search of the steps of one lock.
    struct LockSteps: Sendable {
        @inline(__always)
        func willLock() {}

        @inline(__always)
        func willPeek() {}

        @inline(__always)
        func didUnlock() {}
    }

    /// Names a lock that is made by demand for the search, whoever makes it.
    struct DemandedLockSteps<Value>: Sendable {
        @inline(__always)
        init() {}

        func guarded() -> Guarded<Value?> where Value: Sendable { Guarded(nil) }
    }

    extension Atomic where Value == UInt64 {
        /// The next operation looks at `bits`.
        @inline(__always)
        func willLook(at bits: UInt64) {}

        /// The next operation finds out whether what it looks at, of `bits`, `holds`.
        @inline(__always)
        func willTest(_ bits: UInt64, _ holds: @Sendable (UInt64) -> Bool) {}

        /// The next operation adds to `counts` or changes `bits`, and shows the bits it looks at.
        @inline(__always)
        func willUpdate(looks: UInt64, adds counts: UInt64 = 0, changes bits: UInt64 = 0) {}

        /// The next operation takes `one` off `counts`, and shows whether a sleep is over.
        @inline(__always)
        func willCountOut(
            _ one: UInt64, _ counts: UInt64, _ first: GateWord.Sleep,
            _ second: GateWord.Sleep? = nil
        ) {}
    }

    extension Atomic where Value == UInt {
        /// For an address: to a search one is as good as another.
        @inline(__always)
        init(address: UInt) { self.init(address) }

        /// For the owner of a word alone.
        @inline(__always)
        var owned: UInt { load(ordering: .acquiring) }
    }

    extension Atomic where Value == Int {
        /// Counts in unless the count is zero, or `isGone`. Acquires and releases.
        @inline(__always)
        func addUnlessZero(orIf isGone: () -> Bool) -> Bool {
            var count = load(ordering: .relaxed)
            while count > 0, !isGone() {
                let (exchanged, original) = compareExchange(
                    expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
                if exchanged { return true }
                count = original
            }
            return false
        }
    }

    extension DispatchSemaphore {
        /// Nobody will signal or wait any more.
        @inline(__always)
        func isLeft() {}
    }

#endif
