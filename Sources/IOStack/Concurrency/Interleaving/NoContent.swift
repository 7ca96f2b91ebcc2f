#if INTERLEAVING
    /// The content of a lock that only serialises.
    final class NoContent: ScheduledContent {
        static let shared = NoContent()
        var fingerprint: Int { 0 }
    }
#endif
