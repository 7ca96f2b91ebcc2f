/// SYMLINK: a name and the link's text.
public struct SymbolicLinkRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>
    public let target: Span<UInt8>

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.name()
        target = try reader.string()
    }
}
