#if INTERLEAVING
    /// What lies behind a lock. Looked at by a scheduler while no thread but the lock's holder runs.
    @safe
    final class GuardedContent<Value: Hashable>: ScheduledContent, @unchecked Sendable {
        private let value: UnsafeMutablePointer<Value>

        /// The value outlives it: they belong to the same ``Guarded``.
        init(_ value: UnsafeMutablePointer<Value>) { unsafe self.value = unsafe value }

        var fingerprint: Int { unsafe value.pointee.hashValue }
    }
#endif
