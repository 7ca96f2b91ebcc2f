public import BypassIOProtocol

extension Filter {
    /// The registration that the filter manager gets.
    public var registration: FilterRegistration { FilterRegistration(self) }
}

extension FilterManager {
    /// As ``register(_:)-(FilterRegistration)``, for a filter that is a type.
    public func register(_ filter: any Filter) throws(NTStatus) -> Minifilter {
        try register(FilterRegistration(filter))
    }
}

extension FilterRegistration {
    /// The registration of a filter's type: a row for each function that the type has a method for.
    /// Holds the filter.
    public init(_ filter: any Filter) {
        self.init(
            name: filter.name, altitude: filter.altitude,
            supportedFeatures: filter.supportedFeatures,
            operations: OperationRegistration.rows(of: filter) + filter.otherOperations,
            contexts: filter.contexts, kernelReads: filter.kernelReads,
            instanceSetup: { filter.willAttach($0, $1) },
            instanceSetupComplete: { filter.didAttach($0) },
            instanceQueryTeardown: { filter.mayDetach($0) },
            instanceTeardownStart: { filter.willDetach($0, $1) },
            instanceTeardownComplete: { filter.didDetach($0, $1) },
            unload: { filter.mayUnload(mandatory: $0) })
        needsAllOpens = filter.needsAllOpens
        state = FilterStateCallbacks(filter)
        ports = [PortRegistration(filter)].compactMap { $0 }
    }
}

extension OperationRegistration {
    /// Called once, because a type's conformances do not change.
    fileprivate static func rows(of filter: any Filter) -> [OperationRegistration] {
        [
            row(.create, pre: preOpen(of: filter), post: postOpen(of: filter)),
            row(.read, pre: preRead(of: filter), post: postRead(of: filter)),
            row(.write, pre: preWrite(of: filter), post: postWrite(of: filter)),
            row(.setInformation, pre: preChange(of: filter), post: postChange(of: filter)),
            row(.cleanup, pre: preCleanup(of: filter), post: nil),
            row(.fileSystemControl, pre: preControl(of: filter), post: nil),
        ].compactMap { $0 }
    }

    private static func row(
        _ major: MajorFunction, pre: PreOperationCallback?, post: PostOperationCallback?
    ) -> OperationRegistration? {
        guard pre != nil || post != nil else { return nil }
        return OperationRegistration(major, preOperation: pre, postOperation: post)
    }

    // MARK: On the way down

    private static func preOpen(of filter: any Filter) -> PreOperationCallback? {
        guard let filter = filter as? any PreOpenFilter else { return nil }
        return pre(hasPost: filter is any PostOpenFilter) { filter.willOpen(PreOpen($0, $1)) }
    }

    private static func preRead(of filter: any Filter) -> PreOperationCallback? {
        guard let filter = filter as? any PreReadFilter else { return nil }
        return pre(hasPost: filter is any PostReadFilter) { filter.willRead(PreRead($0, $1)) }
    }

    private static func preWrite(of filter: any Filter) -> PreOperationCallback? {
        guard let filter = filter as? any PreWriteFilter else { return nil }
        return pre(hasPost: filter is any PostWriteFilter) { filter.willWrite(PreWrite($0, $1)) }
    }

    private static func preChange(of filter: any Filter) -> PreOperationCallback? {
        guard let filter = filter as? any PreChangeFilter else { return nil }
        return pre(hasPost: filter is any PostChangeFilter) { filter.willChange(PreChange($0, $1)) }
    }

    @inline(__always)
    private static func pre(
        hasPost: Bool,
        _ method: @escaping @Sendable (CallbackData, FilterInstance) -> PreOperationAnswer
    ) -> PreOperationCallback {
        { data, instance in method(data, instance).result(for: data, hasPost: hasPost) }
    }

    private static func preCleanup(of filter: any Filter) -> PreOperationCallback? {
        guard let filter = filter as? any CleanupFilter else { return nil }
        return { data, instance in
            filter.willCleanUp(PreCleanup(data, instance))
            return .successNoCallback
        }
    }

    private static func preControl(of filter: any Filter) -> PreOperationCallback? {
        let asked = filter as? any BypassFilter
        let resumed = filter as? any BypassResumeFilter
        guard asked != nil || resumed != nil else { return nil }
        return { data, instance in
            guard let operation = data.bypassIOInput?.operation else { return .successNoCallback }
            switch operation {
            case .enable, .query:
                let question = BypassQuestion(data, instance, operation)
                guard case .veto(let status, let reason)? = asked?.bypass(question) else {
                    return .successNoCallback
                }
                data.vetoBypassIO(instance, status: status, reason: reason)
                return .complete
            case .streamResume: resumed?.willResumeBypass(BypassResume(data, instance))
            default: break
            }
            return .successNoCallback
        }
    }

    // MARK: On the way up

    private static func postOpen(of filter: any Filter) -> PostOperationCallback? {
        guard let filter = filter as? any PostOpenFilter else { return nil }
        return post { filter.didOpen(PostOpen($0, $1, $2)) }
    }

    private static func postRead(of filter: any Filter) -> PostOperationCallback? {
        guard let filter = filter as? any PostReadFilter else { return nil }
        return post { filter.didRead(PostRead($0, $1, $2)) }
    }

    private static func postWrite(of filter: any Filter) -> PostOperationCallback? {
        guard let filter = filter as? any PostWriteFilter else { return nil }
        return post { filter.didWrite(PostWrite($0, $1, $2)) }
    }

    private static func postChange(of filter: any Filter) -> PostOperationCallback? {
        guard let filter = filter as? any PostChangeFilter else { return nil }
        return post { filter.didChange(PostChange($0, $1, $2)) }
    }

    /// No `did` method keeps its request.
    @inline(__always)
    private static func post(
        _ method: @escaping @Sendable (CallbackData, FilterInstance, CompletionContext) -> Void
    ) -> PostOperationCallback {
        { data, instance, context in
            if data.concerns(context) { method(data, instance, context) }
            return .finishedProcessing
        }
    }
}

extension CallbackData {
    /// If a request goes on without the instance, the filter does not see its end. The `did` method
    /// is then called only if the filter left a context to clean up.
    @inline(__always)
    fileprivate func concerns(_ context: CompletionContext) -> Bool {
        guard isDraining, case .none = context else { return true }
        return false
    }
}
