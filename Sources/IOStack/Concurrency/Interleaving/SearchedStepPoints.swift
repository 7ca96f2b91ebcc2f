#if INTERLEAVING
    import Dispatch

    extension Interleaving {
        static var isSearched: Bool { true }
        static var isTimeless: Bool { now == nil }
    }

    extension DispatchTime {
        /// The time by which drains are bounded: a simulation's own, if there is one.
        static var drainClock: DispatchTime {
            Interleaving.now.map { DispatchTime(uptimeNanoseconds: $0) } ?? .now()
        }
    }

    extension DispatchQueue {
        /// Runs `body` later, on a thread of its own.
        static func runLater(_ label: String, _ body: @escaping @Sendable () -> Void) {
            guard Interleaving.now != nil, let scheduler = unsafe Interleaving.scheduler else {
                return DispatchQueue(label: label).async(execute: body)
            }
            scheduler.spawn(body)
        }
    }

    extension Mutant {
        package var isPlanted: Bool { unsafe Interleaving.mutant == rawValue }
    }

    /// What a thread has found since this was made.
    struct StepMemory {
        private let mark = Interleaving.mark()

        init() {}

        func forget<Rest: Hashable>(but rest: @autoclosure () -> Rest) {
            Interleaving.forget(since: mark, but: rest().hashValue)
        }

        func forget() { Interleaving.forget(since: mark) }
    }

    /// Tells the search the steps of one lock.
    struct LockSteps: Sendable {
        private let identity: UInt
        private let content: (any ScheduledContent)?

        init(identity: UInt = Interleaving.newIdentity(), _ content: (any ScheduledContent)? = nil)
        {
            self.identity = identity
            self.content = content
        }

        func willLock() { Interleaving.step(.lock, on: identity, content) }
        func willPeek() { Interleaving.step(.peek, on: identity, content) }
        func didUnlock() { Interleaving.step(.unlock, on: identity, content) }
    }

    /// Names a lock that is made on demand, whichever thread makes it.
    struct DemandedLockSteps<Value: Sendable>: Sendable {
        private let identity = Interleaving.newIdentity()
        private let maker: ContentMaker<Value?>

        init() { maker = ContentMaker() }

        init() where Value: Hashable { maker = ContentMaker() }

        func guarded() -> Guarded<Value?> { Guarded(nil, named: identity, content: maker) }
    }

    extension Guarded where Value: ~Copyable {
        /// As the other overload; the caller keeps only the result of its look.
        borrowing func look<R: Hashable>(_ body: (borrowing Value) -> R) -> R {
            let memory = StepMemory()
            let result = seen(body)
            memory.forget(but: result)
            return result
        }
    }

    extension Guarded where Value: Sendable {
        /// As the other initializer, for a lock that is made on demand.
        init(
            _ value: consuming sending Value, named identity: UInt, content: ContentMaker<Value>
        ) {
            unsafe self.init(value) { place in
                unsafe LockSteps(identity: identity, content.make(place))
            }
        }
    }

    extension Guarded where Value == Void {
        /// As the other initializer, for a lock that only serialises and has no content.
        public init(_ value: consuming sending Value) {
            unsafe self.init(value) { _ in LockSteps(NoContent.shared) }
        }
    }

    extension Guarded where Value: Hashable {
        /// As the other initializer, for a value that a search can compare.
        public init(_ value: consuming sending Value) {
            unsafe self.init(value) { place in unsafe LockSteps(GuardedContent(place)) }
        }
    }

    extension GuardedOnDemand where Value: Hashable {
        /// As the other initializer, for a value that a search can compare.
        public init() { self.init(steps: DemandedLockSteps()) }
    }

    extension Atomic where Value == UInt64 {
        func willLook(at bits: UInt64) {
            prepare(.load, ScheduledPart(looks: bits)) { Int(truncatingIfNeeded: $0 & bits) }
        }

        func willTest(_ bits: UInt64, _ holds: @escaping @Sendable (UInt64) -> Bool) {
            prepare(.load, ScheduledPart(looks: bits)) { holds($0) ? 1 : 0 }
        }

        func willUpdate(looks: UInt64, adds counts: UInt64 = 0, changes bits: UInt64 = 0) {
            prepare(.update, ScheduledPart(looks: looks, adds: counts, changes: bits)) {
                Int(truncatingIfNeeded: $0 & looks)
            }
        }

        func willCountOut(
            _ one: UInt64, _ counts: UInt64, _ first: GateWord.Sleep,
            _ second: GateWord.Sleep? = nil
        ) {
            let sleeps = [first] + (second.map { [$0] } ?? [])
            prepare(.update) { now in
                // The step looks at the count only where the flag is up.
                var part = ScheduledPart(looks: 0, adds: counts)
                for sleep in sleeps {
                    part.looks |= sleep.flag
                    if now & sleep.flag != 0 { part.looks |= sleep.count }
                }
                return part
            } view: { now in
                sleeps.contains { $0.isOver(now &- one) } ? 1 : 0
            }
        }
    }
#endif
