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

/// An open on its way down. There is no file yet.
public struct PreOpen: PreOperation {
    public let data: CallbackData
    public let instance: FilterInstance

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    /// The open's parameters. Layers below see an assignment. Layers above, and `didOpen`, see the
    /// original again.
    public var parameters: CreateParameters {
        get { data.createParameters }
        nonmutating set { data.parameters = .create(newValue) }
    }

    /// From the volume's root, with the directory's names as they were when the directory was
    /// opened.
    public var path: String { data.createParameters.pathFromRoot }
}

/// An open on its way up.
public struct PostOpen: PostOperation {
    public let data: CallbackData
    public let instance: FilterInstance
    public let context: CompletionContext

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance, _ context: CompletionContext) {
        self.data = data
        self.instance = instance
        self.context = context
    }

    /// As the filter received them.
    public var parameters: CreateParameters { data.createParameters }

    /// The opened file; nil if the open failed.
    public var file: FileObject? { data.ioStatus.status.isSuccess ? data.fileObject : nil }
}

extension CallbackData {
    fileprivate var createParameters: CreateParameters {
        guard case .create(let parameters) = asked else { preconditionFailure("not an open") }
        return parameters
    }
}

/// A change of a file's information, or of a name, on its way down.
public struct PreChange: PreOperation {
    public let data: CallbackData
    public let instance: FilterInstance

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    /// For a change of a name: the directory.
    public var file: FileObject { data.existingFile }

    /// Layers below see an assignment. Layers above, and `didChange`, see the original again.
    public var change: FileChange {
        get { data.fileChange }
        nonmutating set { data.parameters = .setInformation(newValue) }
    }
}

/// A change on its way up.
public struct PostChange: PostOperation {
    public let data: CallbackData
    public let instance: FilterInstance
    public let context: CompletionContext

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance, _ context: CompletionContext) {
        self.data = data
        self.instance = instance
        self.context = context
    }

    public var file: FileObject { data.existingFile }
    /// As the filter received it.
    public var change: FileChange { data.fileChange }
}

/// A file object's last handle is gone. Filters may send requests about it until the cleanup is
/// over.
public struct PreCleanup: Sendable {
    public let data: CallbackData
    public let instance: FilterInstance

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }
}

extension CallbackData {
    fileprivate var fileChange: FileChange {
        guard case .setInformation(let change) = asked else { preconditionFailure("not a change") }
        return change
    }
}
