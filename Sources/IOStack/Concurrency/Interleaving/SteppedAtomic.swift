#if INTERLEAVING
    import Synchronization

    /// Replaces the standard library's `Atomic` in this module. Each operation is a step of the
    /// scheduler. All are sequentially consistent, since one thread runs at a time.
    ///
    /// Relaxed additions are figures for people (docs/concurrency.md), not steps.
    struct Atomic<Value: Hashable & Sendable>: ~Copyable, Sendable {
        private final class Word: ScheduledContent {
            let value: Mutex<Value>
            let identity = Interleaving.newIdentity()
            /// The scheduler knows of the next operation.
            let isPrepared = Mutex(false)
            private let print: @Sendable (Value) -> Int
            init(_ value: Value, _ print: @escaping @Sendable (Value) -> Int) {
                self.value = Mutex(value)
                self.print = print
            }
            var fingerprint: Int { value.withLock { print($0) } }
        }

        private let word: Word

        init(_ value: Value) { word = Word(value) { $0.hashValue } }

        /// For an address: a search treats all addresses alike.
        init(address: Value) where Value == UInt { word = Word(address) { $0 == 0 ? 0 : 1 } }

        private func step(_ kind: ScheduledStep.Kind) {
            let isPrepared = word.isPrepared.withLock { isPrepared in
                defer { isPrepared = false }
                return isPrepared
            }
            if isPrepared { return }
            Interleaving.step(kind, on: word.identity, word)
        }

        /// For the sole owner of the word; not a step.
        var owned: Value { word.value.withLock { $0 } }

        func load(ordering: AtomicLoadOrdering) -> Value {
            step(.load)
            return word.value.withLock { $0 }
        }

        func store(_ value: Value, ordering: AtomicStoreOrdering) {
            step(.update)
            word.value.withLock { $0 = value }
        }

        func compareExchange(
            expected: Value, desired: Value, ordering: AtomicUpdateOrdering
        ) -> (exchanged: Bool, original: Value) {
            step(.update)
            return word.value.withLock { value in
                let original = value
                if original == expected { value = desired }
                return (original == expected, original)
            }
        }

        private func change(_ body: (Value) -> Value) -> (oldValue: Value, newValue: Value) {
            word.value.withLock { value in
                let old = value
                value = body(old)
                return (old, value)
            }
        }
    }

    extension Atomic where Value: FixedWidthInteger {
        @discardableResult
        func wrappingAdd(
            _ amount: Value, ordering: AtomicUpdateOrdering
        ) -> (oldValue: Value, newValue: Value) {
            if ordering != .relaxed { step(.update) }
            return change { $0 &+ amount }
        }

        @discardableResult
        func wrappingSubtract(
            _ amount: Value, ordering: AtomicUpdateOrdering
        ) -> (oldValue: Value, newValue: Value) {
            if ordering != .relaxed { step(.update) }
            return change { $0 &- amount }
        }

        /// Counts in unless the count is zero, or `isGone`. A loop of exchanges starts over as
        /// often as other threads count in meanwhile. That repeats a look and makes no other
        /// difference. So this is one step, and a search may leave the count out.
        func addUnlessZero(orIf isGone: () -> Bool) -> Bool {
            guard !isGone() else { return false }
            step(.update)
            return change { $0 == 0 ? 0 : $0 + 1 }.oldValue != 0
        }

        @discardableResult
        func bitwiseOr(
            _ bits: Value, ordering: AtomicUpdateOrdering
        ) -> (oldValue: Value, newValue: Value) {
            step(.update)
            return change { $0 | bits }
        }

        @discardableResult
        func bitwiseAnd(
            _ bits: Value, ordering: AtomicUpdateOrdering
        ) -> (oldValue: Value, newValue: Value) {
            step(.update)
            return change { $0 & bits }
        }
    }

    extension Atomic where Value == UInt64 {
        /// Announces that the next operation touches `part` and shows `view`. That operation is
        /// then no step of its own.
        func prepare(
            _ kind: ScheduledStep.Kind, _ part: ScheduledPart,
            view: @escaping @Sendable (UInt64) -> Int
        ) {
            prepare(kind, isPartFixed: true, { _ in part }, view: view)
        }

        func prepare(
            _ kind: ScheduledStep.Kind, isPartFixed: Bool = false,
            _ part: @escaping @Sendable (UInt64) -> ScheduledPart,
            view: @escaping @Sendable (UInt64) -> Int
        ) {
            let word = word
            unsafe Interleaving.scheduler?.step(
                ScheduledStep(
                    kind, on: word.identity, word,
                    part: { part(word.value.withLock { $0 }) }, isPartFixed: isPartFixed,
                    view: { view(word.value.withLock { $0 }) }))
            word.isPrepared.withLock { $0 = true }
        }
    }
#endif
