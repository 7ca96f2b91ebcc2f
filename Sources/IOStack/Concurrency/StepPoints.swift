import Dispatch
import Synchronization

// Step points connect the state machine with a search of every order (Tests/Interleavings). The
// search's build has their counterparts in the folder `Interleaving`. In every other build the
// declarations here are empty or constant, are inlined, and leave no code behind.

#if !INTERLEAVING

    /// Whether a search runs the threads.
    enum Interleaving {
        @inline(__always)
        static var isSearched: Bool { false }

        /// Whether nothing takes time, so that no drain has a bound.
        @inline(__always)
        static var isTimeless: Bool { false }
    }

    extension DispatchTime {
        /// The time by which drains are bounded.
        @inline(__always)
        static var drainClock: DispatchTime { .now() }
    }

    extension DispatchQueue {
        /// Runs `body` later, on a thread of its own.
        @inline(__always)
        static func runLater(_ label: String, _ body: @escaping @Sendable () -> Void) {
            DispatchQueue(label: label).async(execute: body)
        }
    }

    extension Mutant {
        /// Whether the build breaks the mutant's rule.
        @inline(__always)
        package var isPlanted: Bool { false }
    }

    /// What a thread has found since this was made. A search takes two ways of a thread for the
    /// same if they differ in nothing that the thread still knows.
    struct StepMemory {
        @inline(__always)
        init() {}

        /// The thread keeps `rest` of it and nothing else.
        @inline(__always)
        func forget<Rest: Hashable>(but rest: @autoclosure () -> Rest) {}

        @inline(__always)
        func forget() {}
    }

    /// Tells the search the steps of one lock.
    struct LockSteps: Sendable {
        @inline(__always)
        func willLock() {}

        @inline(__always)
        func willPeek() {}

        @inline(__always)
        func didUnlock() {}
    }

    /// Names a lock that is made on demand for the search, whichever thread makes it.
    struct DemandedLockSteps<Value>: Sendable {
        @inline(__always)
        init() {}

        func guarded() -> Guarded<Value?> where Value: Sendable { Guarded(nil) }
    }

    extension Atomic where Value == UInt64 {
        /// The next operation looks at `bits`.
        @inline(__always)
        func willLook(at bits: UInt64) {}

        /// The next operation finds out whether `bits` fulfil `holds`.
        @inline(__always)
        func willTest(_ bits: UInt64, _ holds: @Sendable (UInt64) -> Bool) {}

        /// The next operation adds to `counts` or changes `bits`, and shows the bits of `looks`.
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
        /// For an address: a search treats all addresses alike.
        @inline(__always)
        init(address: UInt) { self.init(address) }

        /// For the sole owner of a word.
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
        /// No thread will signal or wait any more.
        @inline(__always)
        func isLeft() {}
    }

#endif
