/// A name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
    /// Any bytes but NUL and slash, 1 to 255 of them.
    public var name: [UInt8]
    public var id: FileID
    /// nil where the file system does not say.
    public var kind: FileKind?
    /// The position after this entry, to go on from.
    public var cookie: UInt64
    /// The file's status if it was asked for; nil for "." and "..", and for a name that went away
    /// meanwhile.
    public var information: FileInformation?

    public init(
        name: [UInt8], id: FileID, kind: FileKind?, cookie: UInt64,
        information: FileInformation? = nil
    ) {
        self.name = name
        self.id = id
        self.kind = kind
        self.cookie = cookie
        self.information = information
    }
}
