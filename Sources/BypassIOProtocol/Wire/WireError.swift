/// A fault of a structure on the wire, and its place.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of fault that a decode or an encode can meet.
    public enum Fault: Hashable, Sendable {
        /// The buffer has `available` bytes from the structure's start; `needed` are required.
        case tooShort(available: Int, needed: Int)
        /// A length field counts more UTF-16 units than its array holds.
        case lengthOverCapacity(length: Int, capacity: Int)
        /// The operation has no defined size, so it cannot be written.
        case unknownOperation(UInt32)
        /// The given union arm is not the operation's.
        case wrongArm(operation: UInt32)
    }

    /// The structure by its Windows name, such as `FS_BPIO_OUTPUT`.
    public let structure: String
    /// The field by its Windows name.
    public let field: String
    /// Bytes from the start of `structure` to `field`.
    public let offset: Int
    /// The kind of fault.
    public let fault: Fault

    public init(structure: String, field: String, offset: Int, fault: Fault) {
        self.structure = structure
        self.field = field
        self.offset = offset
        self.fault = fault
    }

    public var description: String {
        "\(structure).\(field) at offset \(offset): \(fault.sentence)"
    }
}

extension WireError.Fault {
    /// The fault in words, without a full stop.
    public var sentence: String {
        switch self {
        case .tooShort(let available, let needed):
            "the buffer has \(available) bytes, \(needed) are needed"
        case .lengthOverCapacity(let length, let capacity):
            "a length of \(length) characters exceeds the capacity of \(capacity)"
        case .unknownOperation(let operation):
            "operation \(operation) is not defined"
        case .wrongArm(let operation):
            "the result given is not the one that operation \(operation) returns"
        }
    }
}
