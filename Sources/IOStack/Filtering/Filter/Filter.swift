/// A minifilter as a type of its own: what it is called, where it stands, and of which requests it
/// wants to hear.
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
/// ``ReadFilter``, as `Codable` is two), and so for opens, writes and changes. What a type conforms
/// to is its operation table. So a callback that a type does not name is not registered and costs
/// nothing, and a method whose name is misspelt does not compile. One protocol with an empty
/// default for each method could do neither: nobody can see whether a type has replaced a default.
///
/// The registration (``FilterRegistration/init(_:)``) is made once, when the filter is registered.
/// A callback then costs what a closure that calls a method costs: what the methods are handed is a
/// view of the request, two references wide, and nothing is allocated. What no protocol here covers
/// is in reach: ``otherOperations`` takes rows of the low level, and each view has its
/// ``CallbackData``.
///
/// A filter may be attached to many volumes. Its methods are called from any thread, several at
/// once, and never under a lock but ``willAttach(_:_:)``.
public protocol Filter: AnyObject, Sendable {
    /// As vetoes carry it. Not empty, and no other registered filter's.
    var name: String { get }

    /// Where an instance attaches if no other altitude is asked for.
    var altitude: Altitude { get }

    /// What the filter can do. Without ``FilterRegistration/Features/bypassIO`` a filter of reads
    /// or writes stops all bypass on its volumes (spec 4.3, 6.10).
    ///
    /// By default a filter knows BypassIO if it answers questions about it (``BypassFilter``):
    /// otherwise nobody has said that it can do without the reads that pass it. A filter that can
    /// do without any, or that takes bypass back by ``FilterInstance/Bypass-swift.struct``, says so
    /// itself.
    var supportedFeatures: FilterRegistration.Features { get }

    /// What it needs of the reads that the host's kernel carries itself. nil by default, which
    /// refuses them to a filter of reads or writes: see ``FilterRegistration/kernelReads``.
    var kernelReads: KernelReadTerms? { get }

    /// The kinds of context that it may set; none by default.
    var contexts: Set<ContextKind> { get }

    /// Rows of the low level, for functions that no protocol covers, or with flags. None by
    /// default. Not of a function that the type has methods for: a table has one row for each.
    var otherOperations: [OperationRegistration] { get }

    /// False is STATUS_FLT_DO_NOT_ATTACH. Called under a lock of the volume: it must neither
    /// attach, nor detach, nor send a BypassIO control. True by default.
    func willAttach(_ instance: FilterInstance, _ reason: FilterRegistration.SetupReason) -> Bool

    /// Requests that begin now pass the instance. The place to withdraw bypass from files that had
    /// it before the filter came.
    func didAttach(_ instance: FilterInstance)

    /// False refuses a manual detach, with STATUS_FLT_DO_NOT_DETACH. True by default.
    func mayDetach(_ instance: FilterInstance) -> Bool

    /// The instance is going away: complete what is pended, stop queueing.
    func willDetach(_ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason)

    /// No method runs for the instance and none will: close what it owns. What it kept from
    /// bypassing is let go already.
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
