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

    /// In bytes. A change is seen by what is below; above and in `didWrite` it is again what it
    /// was.
    public var offset: UInt64 {
        get { data.writeRange.offset }
        nonmutating set { data.parameters = .write(offset: newValue, length: length) }
    }

    /// Bytes to be written. As ``offset``.
    public var length: Int {
        get { data.writeRange.length }
        nonmutating set { data.parameters = .write(offset: offset, length: newValue) }
    }

    /// The bytes, at its start. Another one takes its place for what is below: see
    /// ``CallbackData/buffer``.
    public var buffer: (any IOBuffer)? {
        get { data.buffer }
        nonmutating set { data.buffer = newValue }
    }

    /// Through a handle without the cache.
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
    /// As the filter was asked.
    public var offset: UInt64 { data.writeRange.offset }
    /// Bytes that were to be written.
    public var length: Int { data.writeRange.length }
    /// Bytes that were written; 0 if the write failed.
    public var count: Int { data.transferredCount }
}
