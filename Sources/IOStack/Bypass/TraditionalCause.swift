/// Why a read of a bypass-enabled file object took the traditional route; tools print it.
public enum TraditionalCause: UInt8, Sendable, CaseIterable {
    /// The handle caches: BypassIO concerns non-cached reads only.
    case cachedHandle
    /// Offset or length break the storage's alignment.
    case misaligned
    /// STREAM_PAUSE is in force.
    case streamPaused
    /// A filter that did not opt in was attached.
    case filterAttachBlocked
    /// The stream is suspended: see ``StreamSuspension``.
    case suspended
    /// A DISABLE is waiting for the stream's reads to finish.
    case settling
}
