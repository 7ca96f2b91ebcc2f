/// A write on its way down.
public struct PreWrite: PreOperation {
    public let data: CallbackData
    public let instance: FilterInstance

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    public var file: FileObject { data.existingFile }

    /// In bytes. Layers below see an assignment. Layers above, and `didWrite`, see the original
    /// again.
    public var offset: UInt64 {
        get { data.writeRange.offset }
        nonmutating set { data.parameters = .write(offset: newValue, length: length) }
    }

    /// Bytes to be written. As ``offset``.
    public var length: Int {
        get { data.writeRange.length }
        nonmutating set { data.parameters = .write(offset: offset, length: newValue) }
    }

    /// Holds the bytes, at its start. A filter may replace it for the layers below: see
    /// ``CallbackData/buffer``.
    public var buffer: (any IOBuffer)? {
        get { data.buffer }
        nonmutating set { data.buffer = newValue }
    }

    /// The handle does not cache.
    public var isNonCached: Bool { data.existingFile.isNonCached }
}

/// A write on its way up.
public struct PostWrite: PostOperation {
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
    public var offset: UInt64 { data.writeRange.offset }
    /// Bytes to be written.
    public var length: Int { data.writeRange.length }
    /// Bytes written; 0 if the write failed.
    public var count: Int { data.transferredCount }
}
