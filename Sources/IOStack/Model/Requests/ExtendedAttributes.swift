public enum ExtendedAttributeQuery: Sendable, Equatable {
    case names
    case value(name: [UInt8])
}

public enum ExtendedAttributeChange: Sendable, Equatable {
    /// `XATTR_CREATE` is `mustNotExist`, `XATTR_REPLACE` is `mustExist`.
    case set([UInt8], mustExist: Bool, mustNotExist: Bool)
    case remove
}
