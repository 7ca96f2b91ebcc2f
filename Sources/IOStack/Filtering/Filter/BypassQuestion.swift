public import BypassIOProtocol

/// An ENABLE or a QUERY on its way down: may the reads of a file go past the filter?
public struct BypassQuestion: Sendable {
    public let data: CallbackData
    public let instance: FilterInstance
    /// `enable` or `query`.
    public let operation: BypassIOOperation

    init(_ data: CallbackData, _ instance: FilterInstance, _ operation: BypassIOOperation) {
        self.data = data
        self.instance = instance
        self.operation = operation
    }

    /// A file; for a QUERY also a directory or the volume.
    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }

    /// The question is an ENABLE. If no layer vetoes it, reads of the file object no longer pass
    /// the filters.
    public var isEnable: Bool { operation == .enable }

    /// The ENABLE is asked again, because bypass was withdrawn while it was under way.
    public var isReissued: Bool { data.flags.contains(.reissued) }
}

/// A filter's answer to a ``BypassQuestion``.
public enum BypassAnswer: Sendable {
    /// The filter does not object: ask the next layer.
    case pass
    /// `FltVetoBypassIo`: the question ends here, with the filter's name. The status is an error,
    /// the reason one English sentence of at most 128 UTF-16 units.
    case veto(NTStatus, reason: String)
}

/// A STREAM_RESUME on its way down.
public struct BypassResume: Sendable {
    public let data: CallbackData
    public let instance: FilterInstance

    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }
}
