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
