/// A minifilter as a type of its own: its name, its altitude, and the requests that it sees.
///
/// ```swift
/// final class ReadCounter: Filter, PreReadFilter {
///     let name = "readcounter"
///     let altitude = Altitude(integer: 370_500)
///     let supportedFeatures: FilterRegistration.Features = .bypassIO
///     let reads = Atomic(0)
///
///     func willRead(_ read: PreRead) -> PreOperationAnswer {
///         reads.wrappingAdd(1, ordering: .relaxed)
///         return .pass
///     }
/// }
///
/// try io.filterManager.attach(io.filterManager.register(ReadCounter()), to: volume)
/// ```
///
/// Each callback has a protocol of one method: ``PreReadFilter`` and ``PostReadFilter`` (together
/// ``ReadFilter``, as `Codable` is two), and so for opens, writes and changes. The type's
/// conformances are its operation table. So a callback that a type does not name is not registered
/// and costs nothing, and a method with a misspelt name does not compile. One protocol with an
/// empty default for each method could do neither: code cannot see whether a type has replaced a
/// default.
///
/// The registration (``FilterRegistration/init(_:)``) is made once, when the filter is registered.
/// A callback then costs as much as a closure that calls a method. A method gets a view of the
/// request, two references wide; nothing is allocated. The low level stays in reach:
/// ``otherOperations`` takes its rows, and each view has its ``CallbackData``.
///
/// A filter may be attached to many volumes. Its methods are called from any thread, several at
/// once. Only ``willAttach(_:_:)`` is called under a lock.
public protocol Filter: AnyObject, Sendable {
    /// The name in the filter's vetoes. Not empty, and no other registered filter's.
    var name: String { get }

    /// Where an instance attaches if no other altitude is asked for.
    var altitude: Altitude { get }

    /// The features that the filter supports. Without ``FilterRegistration/Features/bypassIO`` a
    /// filter of reads or writes stops all bypass on its volumes (spec 4.3, 6.10).
    ///
    /// By default a filter knows BypassIO if it answers questions about it (``BypassFilter``).
    /// Without such an answer nothing says that the filter can do without the reads that pass it. A
    /// filter that can do without any, or that takes bypass back by
    /// ``FilterInstance/Bypass-swift.struct``, declares so itself.
    var supportedFeatures: FilterRegistration.Features { get }

    /// The filter's terms for the kernel's own reads. nil, the default, refuses such reads for a
    /// filter of reads or writes: see ``FilterRegistration/kernelReads``.
    var kernelReads: KernelReadTerms? { get }

    /// The kinds of context that it may set; none by default.
    var contexts: Set<ContextKind> { get }

    /// Rows of the low level, for functions that no protocol covers, or with flags. None by
    /// default. A row must not be for a function that the type has methods for, because a table has
    /// one row for each function.
    var otherOperations: [OperationRegistration] { get }

    /// The filter attaches only where nothing is open, so that every open passes it: see
    /// ``FilterRegistration/needsAllOpens``. False by default.
    var needsAllOpens: Bool { get }

    /// False is STATUS_FLT_DO_NOT_ATTACH. Called under a lock of the volume: it must neither
    /// attach, nor detach, nor send a BypassIO control. True by default.
    func willAttach(_ instance: FilterInstance, _ reason: FilterRegistration.SetupReason) -> Bool

    /// Requests that begin now pass the instance. Here a filter withdraws bypass from files that
    /// had it before the filter came.
    func didAttach(_ instance: FilterInstance)

    /// False refuses a manual detach, with STATUS_FLT_DO_NOT_DETACH. True by default.
    func mayDetach(_ instance: FilterInstance) -> Bool

    /// The instance is going away. The filter completes the requests that it keeps and pends no
    /// more.
    func willDetach(_ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason)

    /// No method runs for the instance and none will. The filter closes what it owns. Its
    /// withdrawals of bypass have ended already.
    func didDetach(_ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason)

    /// False refuses an unload that is not mandatory. True by default.
    func mayUnload(mandatory: Bool) -> Bool
}

extension Filter {
    public var supportedFeatures: FilterRegistration.Features {
        self is any BypassFilter ? .bypassIO : []
    }

    public var kernelReads: KernelReadTerms? { nil }
    public var contexts: Set<ContextKind> { [] }
    public var otherOperations: [OperationRegistration] { [] }
    public var needsAllOpens: Bool { false }

    public func willAttach(
        _ instance: FilterInstance, _ reason: FilterRegistration.SetupReason
    ) -> Bool { true }

    public func didAttach(_ instance: FilterInstance) {}

    public func mayDetach(_ instance: FilterInstance) -> Bool { true }

    public func willDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {}

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {}

    public func mayUnload(mandatory: Bool) -> Bool { true }
}

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
