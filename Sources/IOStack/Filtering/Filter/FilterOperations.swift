/// IRP_MJ_CREATE on its way down: an open, or the creation of a file, directory, link or device.
public protocol PreOpenFilter: Filter {
    func willOpen(_ open: PreOpen) -> PreOperationAnswer
}

/// IRP_MJ_CREATE on its way up.
public protocol PostOpenFilter: Filter {
    func didOpen(_ open: PostOpen)
}

/// IRP_MJ_READ on its way down, and the question about a kernel read (``PreRead/isKernelRead``).
/// Bypassed reads come neither here nor to ``PostReadFilter``.
public protocol PreReadFilter: Filter {
    func willRead(_ read: PreRead) -> PreOperationAnswer
}

/// IRP_MJ_READ on its way up.
public protocol PostReadFilter: Filter {
    func didRead(_ read: PostRead)
}

/// IRP_MJ_WRITE on its way down.
public protocol PreWriteFilter: Filter {
    func willWrite(_ write: PreWrite) -> PreOperationAnswer
}

/// IRP_MJ_WRITE on its way up.
public protocol PostWriteFilter: Filter {
    func didWrite(_ write: PostWrite)
}

/// IRP_MJ_SET_INFORMATION on its way down: size, allocation, attributes, times, names.
public protocol PreChangeFilter: Filter {
    func willChange(_ change: PreChange) -> PreOperationAnswer
}

/// IRP_MJ_SET_INFORMATION on its way up.
public protocol PostChangeFilter: Filter {
    func didChange(_ change: PostChange)
}

/// IRP_MJ_CLEANUP on its way down: a file object's last handle is gone. A filter cannot stop it.
public protocol CleanupFilter: Filter {
    func willCleanUp(_ cleanup: PreCleanup)
}

/// Sees opens before and after.
public typealias OpenFilter = PreOpenFilter & PostOpenFilter
/// Sees reads before and after.
public typealias ReadFilter = PreReadFilter & PostReadFilter
/// Sees writes before and after.
public typealias WriteFilter = PreWriteFilter & PostWriteFilter
/// Sees changes before and after.
public typealias ChangeFilter = PreChangeFilter & PostChangeFilter

/// Decides whether a file's reads may go past the filter.
///
/// For an answer that follows from the file or the caller. A filter that takes bypass back at some
/// time and gives it again at another needs no answer of its own: the veto of
/// ``FilterInstance/Bypass-swift.struct/withdraw(_:reason:)`` answers in its place.
public protocol BypassFilter: Filter {
    /// An ENABLE, or a QUERY, also one that a STREAM_RESUME asks. Filters are called from the top
    /// down until one vetoes.
    ///
    /// The stack may ask again after a filter let an ENABLE pass (``BypassQuestion/isReissued``).
    /// So this is no place to count ENABLEs, nor to pause the file.
    func bypass(_ question: BypassQuestion) -> BypassAnswer
}

/// Hears of a STREAM_RESUME before its questions come from the top, so that the filter can work out
/// its answer.
public protocol BypassResumeFilter: Filter {
    func willResumeBypass(_ resume: BypassResume)
}
