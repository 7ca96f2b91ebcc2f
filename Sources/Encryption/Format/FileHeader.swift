/// What an encrypted file begins with: the format's version in two bytes, and a number of the file,
/// which is random and part of what each block is authenticated with.
public struct FileHeader: Sendable, Equatable {
    /// In bytes.
    public static let length = 18
    private static let version: [UInt8] = [0, 2]

    /// 16 bytes, not all zero.
    public let id: [UInt8]

    /// nil unless there are 16 bytes, and one that is not zero.
    public init?(id: [UInt8]) {
        guard id.count == Self.length - Self.version.count, id.contains(where: { $0 != 0 }) else {
            return nil
        }
        self.id = id
    }

    /// nil for bytes that are no header.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, Self.claims(bytes) else { return nil }
        self.init(id: Array(bytes[Self.version.count...]))
    }

    public var bytes: [UInt8] { Self.version + id }

    /// Whether a file that begins so says that it is encrypted, although its header may be cut off
    /// or wrong.
    public static func claims(_ start: [UInt8]) -> Bool {
        Array(start.prefix(version.count)) == version
    }
}
