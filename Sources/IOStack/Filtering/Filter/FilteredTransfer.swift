import BypassIOProtocol

/// A read on its way down.
public struct PreRead: PreOperation {
    public let data: CallbackData
    public let instance: FilterInstance

    @inline(__always)
    init(_ data: CallbackData, _ instance: FilterInstance) {
        self.data = data
        self.instance = instance
    }

    public var file: FileObject { data.existingFile }

    /// In bytes. Layers below see an assignment. Layers above, and `didRead`, see the original
    /// again.
    public var offset: UInt64 {
        get { data.readRange.offset }
        nonmutating set { data.parameters = .read(offset: newValue, length: length) }
    }

    /// In bytes. As ``offset``.
    public var length: Int {
        get { data.readRange.length }
        nonmutating set { data.parameters = .read(offset: offset, length: newValue) }
    }

    /// Where the bytes will be; nil for a kernel read. A filter may replace it for the layers
    /// below: see ``CallbackData/buffer``.
    public var buffer: (any IOBuffer)? {
        get { data.buffer }
        nonmutating set { data.buffer = newValue }
    }

    /// A question, not a transfer: the kernel does the read by itself, and no filter learns how it
    /// ends. A filter lets it pass, pends it, or fails it.
    public var isKernelRead: Bool { data.isKernelRead }

    /// The handle does not cache. Such reads bypass where bypass is enabled.
    public var isNonCached: Bool { data.existingFile.isNonCached }
}

/// A read on its way up.
public struct PostRead: PostOperation {
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
    public var offset: UInt64 { data.readRange.offset }
    /// Bytes asked for.
    public var length: Int { data.readRange.length }
    /// Bytes read; 0 if the read failed.
    public var count: Int { data.transferredCount }
    public var buffer: (any IOBuffer)? { data.buffer }

    /// Lends the bytes read; nil if the read failed.
    public func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R? {
        guard isSuccess, let buffer = data.buffer else { return nil }
        return try buffer.withBytes(count, body)
    }

    /// Lends the bytes read to be changed; all layers above get the changed bytes.
    public func withMutableBytes<R, E: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R? {
        guard isSuccess, let buffer = data.buffer else { return nil }
        return try buffer.withMutableBytes(count, body)
    }
}

extension CallbackData {
    /// For a request that needs an existing file, so there is one.
    var existingFile: FileObject {
        guard let fileObject else { preconditionFailure("a request without a file") }
        return fileObject
    }

    var readRange: (offset: UInt64, length: Int) {
        guard case .read(let offset, let length) = asked else {
            preconditionFailure("not a read")
        }
        return (offset, length)
    }

    var writeRange: (offset: UInt64, length: Int) {
        guard case .write(let offset, let length) = asked else {
            preconditionFailure("not a write")
        }
        return (offset, length)
    }

    /// Bytes read or written; 0 if the request failed.
    var transferredCount: Int { ioStatus.status.isSuccess ? max(0, ioStatus.information) : 0 }
}

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
