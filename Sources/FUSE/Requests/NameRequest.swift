/// A request about a name in the node's directory, or about the name of an extended attribute.
public struct NameRequest: ~Escapable {
    public let context: RequestContext
    /// Without the closing NUL.
    public let name: Span<UInt8>

    /// The name as text, where broken UTF-8 is mended.
    public var text: String {
        unsafe name.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.name()
    }

    /// Any text: the name of an extended attribute.
    @_lifetime(copy reader)
    init(_ context: RequestContext, text reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.string()
    }
}
