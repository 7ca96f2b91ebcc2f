#if INTERLEAVING
    /// The content of a word or of a lock. By it a search can tell whether it has been in a state.
    public protocol ScheduledContent: AnyObject, Sendable {
        /// Equal for contents that make no difference to any thread. Different for others, except
        /// by chance.
        var fingerprint: Int { get }
    }
#endif
