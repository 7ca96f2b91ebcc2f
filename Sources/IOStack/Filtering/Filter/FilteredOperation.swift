public import BypassIOProtocol

/// The common part of all views of a request on its way down.
///
/// A view is valid until the method that got it returns; the view of a pended request until
/// ``resume(_:)``.
public protocol PreOperation: Sendable {
    /// The low level's request.
    var data: CallbackData { get }
    /// The filter's instance at which the request is.
    var instance: FilterInstance { get }
}

extension PreOperation {
    /// The party on whose behalf the request runs.
    @inlinable public var requestor: Requestor { data.requestor }

    /// A filter sent the request, through an instance above.
    @inlinable public var isGenerated: Bool { data.flags.contains(.generatedIO) }

    /// The program was interrupted while a filter kept the request.
    public var isCancelled: Bool { data.isCancelled }

    /// Goes on with a request that the filter pended. Callable from any thread, once, even before
    /// the method that pended it has returned.
    ///
    /// Returns an error and changes nothing in the cases of
    /// ``CallbackData/completePendedPreOperation(_:_:)``.
    @discardableResult
    public func resume(_ answer: PreOperationAnswer) -> NTStatus {
        data.completePendedPreOperation(instance, answer)
    }
}

/// The common part of all views of a request on its way up. A view is valid until the method that
/// got it returns.
///
/// A filter that wants to keep a request on its way up uses the low level
/// (``PostOperationResult/moreProcessingRequired``).
public protocol PostOperation: Sendable {
    var data: CallbackData { get }
    var instance: FilterInstance { get }
    /// The context from the `will` method.
    var context: CompletionContext { get }
}

extension PostOperation {
    @inlinable public var requestor: Requestor { data.requestor }

    /// The request's status, as the filters below have left it.
    @inlinable public var status: NTStatus { data.ioStatus.status }

    @inlinable public var isSuccess: Bool { data.ioStatus.status.isSuccess }

    /// The instance goes away before the request has ended. The view holds nothing but the context,
    /// which is to be cleaned up. Only a filter whose `will` method answered
    /// ``PreOperationAnswer/passWith(_:)`` gets such a view.
    @inlinable public var isDraining: Bool { data.isDraining }

    /// Makes the request fail for all layers above.
    public func fail(_ status: NTStatus) { data.fail(status) }
}
