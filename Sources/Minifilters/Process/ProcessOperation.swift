/// What a program can be asked about.
public struct ProcessOperations: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Opening what is there; also running and mapping a file, and listing a directory.
    public static let open = ProcessOperations(rawValue: 1 << 0)
    /// A new file, directory, symbolic link or device.
    public static let create = ProcessOperations(rawValue: 1 << 1)
    public static let read = ProcessOperations(rawValue: 1 << 2)
    /// Bytes, and a file's size.
    public static let write = ProcessOperations(rawValue: 1 << 3)
    public static let rename = ProcessOperations(rawValue: 1 << 4)
    /// One more name for a file.
    public static let link = ProcessOperations(rawValue: 1 << 5)
    /// A name that goes.
    public static let remove = ProcessOperations(rawValue: 1 << 6)
    /// Permissions, owner, times, flags and extended attributes.
    public static let change = ProcessOperations(rawValue: 1 << 7)

    /// In the order in which they are told.
    static let named: [(name: String, operation: ProcessOperations)] = [
        ("open", .open), ("create", .create), ("read", .read), ("write", .write),
        ("rename", .rename), ("link", .link), ("remove", .remove), ("change", .change),
    ]

    var names: [String] { Self.named.filter { contains($0.operation) }.map(\.name) }

    /// Names separated by a comma and a blank.
    public var words: String { names.joined(separator: ", ") }
}

/// An operation of some program that a registered program is asked about, as it is told.
struct AskedOperation: Encodable, Sendable {
    var operation: String
    /// From the volume's root.
    var path: String
    var newPath: String?
    var process: Int32
    var user: UInt32
    /// Of an open: `read`, `write`, both, or neither.
    var access: [String]?
    /// Bytes, of reads and writes.
    var offset: UInt64?
    var length: Int?
}
