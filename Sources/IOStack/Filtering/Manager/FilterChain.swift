/// The instances of a volume, compiled into the callbacks of each major function. Immutable; attach
/// and detach make a new chain.
final class FilterChain: Sendable {
    /// Highest altitude first.
    let instances: [FilterInstance]
    /// By `MajorFunction.rawValue`.
    private let operations: [OperationChain]
    /// The major functions that some filter has callbacks for, a bit each: see
    /// ``Volume/isFiltered(_:)``.
    let filteredFunctions: UInt32

    init(instances: [FilterInstance] = []) {
        let sorted = instances.sorted { $0.altitude > $1.altitude }
        self.instances = sorted
        let operations = MajorFunction.allCases.map { OperationChain(sorted, $0) }
        self.operations = operations
        filteredFunctions = MajorFunction.allCases.reduce(0) { bits, major in
            operations[Int(major.rawValue)].isEmpty ? bits : bits | Self.bit(of: major)
        }
        checkInvariants()
    }

    func operations(for major: MajorFunction) -> OperationChain {
        operations[Int(major.rawValue)]
    }

    static func bit(of major: MajorFunction) -> UInt32 { 1 << UInt32(major.rawValue) }

    func adding(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances + [instance])
    }

    func removing(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances.filter { $0 !== instance })
    }

    private func checkInvariants() {
        assert(zip(instances, instances.dropFirst()).allSatisfy { $0.altitude > $1.altitude })
        assert(operations.count == MajorFunction.allCases.count)
    }
}

/// An instance's callbacks for one major function. Immutable: a caller that holds the node needs no
/// reference to what it calls through it.
final class CallbackNode: Sendable {
    let instance: FilterInstance
    let flags: OperationRegistration.Flags
    let hasPreOperation: Bool
    let hasPostOperation: Bool
    /// Not optional, so that a call of it counts no reference. Called only if there is one.
    let preOperation: PreOperationCallback
    let postOperation: PostOperationCallback
    /// The function is the control's: a veto may stand for the filter, which then is not asked.
    let mayVeto: Bool

    init(
        instance: FilterInstance, flags: OperationRegistration.Flags,
        preOperation: PreOperationCallback?, postOperation: PostOperationCallback?,
        mayVeto: Bool
    ) {
        self.instance = instance
        self.flags = flags
        hasPreOperation = preOperation != nil
        hasPostOperation = postOperation != nil
        // Not with `??`, which wraps each closure twice, for generic code.
        if let preOperation {
            self.preOperation = preOperation
        } else {
            self.preOperation = { _, _ in .successNoCallback }
        }
        if let postOperation {
            self.postOperation = postOperation
        } else {
            self.postOperation = { _, _, _ in .finishedProcessing }
        }
        self.mayVeto = mayVeto
    }

    /// Whether the row's flags leave this request out.
    func skips(_ data: CallbackData) -> Bool {
        let major = data.majorFunction
        let isData = major == .read || major == .write
        if isData, let file = data.fileObject {
            if flags.contains(.skipCachedIO), !file.isNonCached { return true }
            if flags.contains(.skipNonCachedNonPagingIO), file.isNonCached { return true }
        }
        if flags.contains(.skipNonDASDIO), major != .create {
            return data.fileObject?.stream.kind != .volume
        }
        return false
    }
}

/// Called on the thread that carries the request. That thread must not be detaching the instance.
public typealias PreOperationCallback =
    @Sendable (CallbackData, FilterInstance) -> PreOperationResult
public typealias PostOperationCallback =
    @Sendable (CallbackData, FilterInstance, CompletionContext) -> PostOperationResult

/// One row of a filter's operation table (`FLT_OPERATION_REGISTRATION`).
public struct OperationRegistration: Sendable {
    /// The requests that a row leaves out.
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// No callback for I/O of cached handles (`FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO`).
        public static let skipCachedIO = Flags(rawValue: 2)
        /// No callback but for volume handles (`…_SKIP_NON_DASD_IO`).
        public static let skipNonDASDIO = Flags(rawValue: 4)
        /// No callback for I/O of non-cached handles (`…_SKIP_NON_CACHED_NON_PAGING_IO`).
        public static let skipNonCachedNonPagingIO = Flags(rawValue: 8)
    }

    public var majorFunction: MajorFunction
    public var flags: Flags
    public var preOperation: PreOperationCallback?
    public var postOperation: PostOperationCallback?

    public init(
        _ majorFunction: MajorFunction, flags: Flags = [],
        preOperation: PreOperationCallback? = nil, postOperation: PostOperationCallback? = nil
    ) {
        self.majorFunction = majorFunction
        self.flags = flags
        self.preOperation = preOperation
        self.postOperation = postOperation
    }
}

/// A registered filter (`PFLT_FILTER`): its registration and what follows from it.
public final class Minifilter: Sendable {
    public let registration: FilterRegistration

    public var name: String { registration.name }

    /// The filter's features: its own bits, and BYPASS_IO if it filters neither reads nor writes.
    public let features: FilterRegistration.Features

    /// The terms that it declared, or that follow from its callbacks.
    public let kernelReads: KernelReadTerms

    /// The filter lets BypassIO pass where it does not veto (spec 6.10).
    public var isOptedIn: Bool { features.contains(.bypassIO) }

    /// Held by every attach under way. An unload waits for them.
    let attaches = RundownGate()

    init(_ registration: FilterRegistration) {
        self.registration = registration
        features = registration.effectiveFeatures
        kernelReads = registration.effectiveKernelReads
    }
}
