/// A problem of a decoded buffer.
public struct DecodedProblem: Hashable, Sendable, Encodable, CustomStringConvertible {
    /// The field at fault, by its name in the field list; `nil` for the whole buffer.
    public let field: String?
    /// Bytes from the start of the buffer to the fault, or `nil` for the whole buffer.
    public let offset: Int?
    /// The problem in words, without a full stop.
    public let message: String

    public init(field: String? = nil, offset: Int? = nil, message: String) {
        self.field = field
        self.offset = offset
        self.message = message
    }

    public var description: String {
        switch (field, offset) {
        case (let field?, let offset?): "\(field) at offset \(offset): \(message)"
        case (let field?, nil): "\(field): \(message)"
        case (nil, let offset?): "offset \(offset): \(message)"
        case (nil, nil): message
        }
    }
}
