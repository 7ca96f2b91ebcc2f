/// A field of a decoded buffer.
public struct DecodedField: Hashable, Sendable, Encodable {
    /// The name in the Windows headers, after the names of the enclosing structures, such as
    /// `Enable.OpStatus`.
    public let name: String
    /// Bytes from the start of the buffer.
    public let offset: Int
    /// The field's size in bytes.
    public let size: Int
    /// The value: a number, or the text itself.
    public let value: String
    /// The meaning of the value, if a number alone does not show it.
    public let note: String?

    public init(name: String, offset: Int, size: Int, value: String, note: String? = nil) {
        self.name = name
        self.offset = offset
        self.size = size
        self.value = value
        self.note = note
    }
}
