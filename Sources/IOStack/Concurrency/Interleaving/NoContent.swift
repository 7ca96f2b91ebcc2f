#if INTERLEAVING
    /// What lies behind a lock that only serialises.
    final class NoContent: ScheduledContent {
        static let shared = NoContent()
        var fingerprint: Int { 0 }
    }
#endif
