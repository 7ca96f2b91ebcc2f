/// IRP_MJ_CREATE on its way down: an open, or the making of a file, directory, link or device.
public protocol PreOpenFilter: Filter {
    func willOpen(_ open: PreOpen) -> PreOperationAnswer
}

/// IRP_MJ_CREATE on its way up.
public protocol PostOpenFilter: Filter {
    func didOpen(_ open: PostOpen)
}

/// IRP_MJ_READ on its way down, and the question of a read that the kernel carries itself
/// (``PreRead/isKernelRead``). Reads that bypass come by neither here nor at ``PostReadFilter``.
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

/// IRP_MJ_CLEANUP on its way down, which nobody can stop: a file object's last handle is gone.
public protocol CleanupFilter: Filter {
    func willCleanUp(_ cleanup: PreCleanup)
}

/// Hears of opens before and after.
public typealias OpenFilter = PreOpenFilter & PostOpenFilter
/// Hears of reads before and after.
public typealias ReadFilter = PreReadFilter & PostReadFilter
/// Hears of writes before and after.
public typealias WriteFilter = PreWriteFilter & PostWriteFilter
/// Hears of changes before and after.
public typealias ChangeFilter = PreChangeFilter & PostChangeFilter

/// Has a say in whether a file's reads may go past it.
///
/// For an answer that follows from the file or the caller. A filter that takes bypass back at some
/// time and gives it again at another needs no answer of its own: the veto of
/// ``FilterInstance/Bypass-swift.struct/withdraw(_:reason:)`` is given in its place.
public protocol BypassFilter: Filter {
    /// An ENABLE, or a QUERY, that of a STREAM_RESUME among them. Called from the top down until
    /// somebody vetoes.
    ///
    /// What was let past may be asked again (``BypassQuestion/isReissued``), so letting it past is
    /// no place to count, nor to pause the file.
    func bypass(_ question: BypassQuestion) -> BypassAnswer
}

/// Hears of a STREAM_RESUME before the questions that it asks come from the top: the time to find
/// out what the answer is to be.
public protocol BypassResumeFilter: Filter {
    func willResumeBypass(_ resume: BypassResume)
}
