public import BypassIOProtocol

/// What all views of a request on its way down have.
///
/// A view is valid until the method returns that it was handed to. That of a pended request is
/// until ``resume(_:)``.
public protocol PreOperation: Sendable {
    /// The request itself, as the low level has it.
    var data: CallbackData { get }
    /// On which of its instances the filter sees the request.
    var instance: FilterInstance { get }
}

extension PreOperation {
    /// On whose behalf it runs.
    @inlinable public var requestor: Requestor { data.requestor }

    /// A filter sent it, through an instance above.
    @inlinable public var isGenerated: Bool { data.flags.contains(.generatedIO) }

    /// The program was interrupted while a filter kept the request.
    public var isCancelled: Bool { data.isCancelled }

    /// Goes on with the request that the filter pended. Callable from any thread, once, even before
    /// the method has returned that pended it.
    ///
    /// Changes nothing and returns an error as ``CallbackData/completePendedPreOperation(_:_:)``
    /// does.
    @discardableResult
    public func resume(_ answer: PreOperationAnswer) -> NTStatus {
        data.completePendedPreOperation(instance, answer)
    }
}

/// What all views of a request on its way up have. Valid until the method returns that it was
/// handed to.
///
/// A request that the filter wants to keep on its way up takes the low level
/// (``PostOperationResult/moreProcessingRequired``).
public protocol PostOperation: Sendable {
    var data: CallbackData { get }
    var instance: FilterInstance { get }
    /// What the `will` method handed on.
    var context: CompletionContext { get }
}

extension PostOperation {
    @inlinable public var requestor: Requestor { data.requestor }

    /// How the request ended, as the filters below have left it.
    @inlinable public var status: NTStatus { data.ioStatus.status }

    @inlinable public var isSuccess: Bool { data.ioStatus.status.isSuccess }

    /// The instance goes away before the request has ended: there is nothing to see but the
    /// context, which is to be cleaned up. Comes only to a filter whose `will` method answered
    /// ``PreOperationAnswer/passWith(_:)``.
    @inlinable public var isDraining: Bool { data.isDraining }

    /// Makes it fail for everybody above.
    public func fail(_ status: NTStatus) { data.fail(status) }
}
