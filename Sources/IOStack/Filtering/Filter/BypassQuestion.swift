public import BypassIOProtocol

/// Whether the reads of a file may go past the filter: an ENABLE or a QUERY on its way down.
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

    /// A file, or of a QUERY a directory or the volume.
    public var file: FileObject { data.existingFile }
    public var requestor: Requestor { data.requestor }

    /// Bypass is asked for: where everybody lets it past, reads of the file object no longer come
    /// by.
    public var isEnable: Bool { operation == .enable }

    /// The ENABLE is asked again, because bypass was withdrawn while it was under way.
    public var isReissued: Bool { data.flags.contains(.reissued) }
}

/// What a filter says to a ``BypassQuestion``.
public enum BypassAnswer: Sendable {
    /// Nothing to say against it: ask the next.
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
