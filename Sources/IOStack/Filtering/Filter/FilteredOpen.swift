import BypassIOProtocol

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
