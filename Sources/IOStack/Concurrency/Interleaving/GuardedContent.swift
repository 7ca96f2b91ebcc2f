#if INTERLEAVING
    /// The value behind a lock. A scheduler looks at it while no thread but the lock's holder runs.
    @safe
    final class GuardedContent<Value: Hashable>: ScheduledContent, @unchecked Sendable {
        private let value: UnsafeMutablePointer<Value>

        /// The value outlives this object: both belong to the same ``Guarded``.
        init(_ value: UnsafeMutablePointer<Value>) { unsafe self.value = unsafe value }

        var fingerprint: Int { unsafe value.pointee.hashValue }
    }

    /// Makes the content of a lock that is made on demand, if its value can be compared.
    @safe
    struct ContentMaker<Value: Sendable>: Sendable {
        private let maker: @Sendable (UnsafeMutablePointer<Value>) -> (any ScheduledContent)?

        init() { unsafe maker = { _ in nil } }

        func make(_ value: UnsafeMutablePointer<Value>) -> (any ScheduledContent)? {
            unsafe maker(value)
        }
    }

    extension ContentMaker where Value: Hashable {
        init() { unsafe maker = { unsafe GuardedContent($0) } }
    }
#endif
