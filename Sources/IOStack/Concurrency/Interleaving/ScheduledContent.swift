#if INTERLEAVING
    /// What lies in a word or behind a lock, so that a search can tell whether it has been in a
    /// state.
    public protocol ScheduledContent: AnyObject, Sendable {
        /// Equal for contents that make no difference to anybody; different for others, but for
        /// chance.
        var fingerprint: Int { get }
    }
#endif
