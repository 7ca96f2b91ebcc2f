public enum ExtendedAttributeQuery: Sendable, Equatable {
    case names
    case value(name: [UInt8])
}
