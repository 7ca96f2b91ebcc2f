/// One field of a decoded buffer.
public struct DecodedField: Hashable, Sendable, Encodable {
    /// The name in the Windows headers, after the names of what it lies in, such as
    /// `Enable.OpStatus`.
    public let name: String
    /// Bytes from the start of the buffer.
    public let offset: Int
    /// Bytes that the field takes.
    public let size: Int
    /// The value: a number, or the text itself.
    public let value: String
    /// What the value means, where a number alone does not say it.
    public let note: String?

    public init(name: String, offset: Int, size: Int, value: String, note: String? = nil) {
        self.name = name
        self.offset = offset
        self.size = size
        self.value = value
        self.note = note
    }
}
