/// A name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
    /// Any bytes but NUL and slash, 1 to 255 of them.
    public var name: [UInt8]
    public var id: FileID
    /// nil where the file system does not say.
    public var kind: FileKind?
    /// The position after this entry, to go on from.
    public var cookie: UInt64

    public init(name: [UInt8], id: FileID, kind: FileKind?, cookie: UInt64) {
        self.name = name
        self.id = id
        self.kind = kind
        self.cookie = cookie
    }
}
