/// A request about a name in the node's directory, or about the name of an extended attribute.
public struct NameRequest: ~Escapable {
    public let context: RequestContext
    /// Without the closing NUL.
    public let name: Span<UInt8>

    /// The name as text, where broken UTF-8 is mended.
    public var text: String {
        unsafe name.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.name()
    }

    /// Any text: the name of an extended attribute.
    @_lifetime(copy reader)
    init(_ context: RequestContext, text reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.string()
    }
}

/// MKNOD (`struct fuse_mknod_in`, 16 bytes) and MKDIR (`struct fuse_mkdir_in`, 8 bytes).
public struct MakeRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>
    /// Type and permission bits; the umask is not applied if
    /// ``InitFlags/dontMask`` was agreed on.
    public let mode: UInt32
    public let umask: UInt32
    public let device: DeviceCode

    @_lifetime(copy reader)
    init(node context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        mode = try reader.u32()
        device = DeviceCode(rawValue: try reader.u32())
        umask = try reader.u32()
        try reader.skip(4)
        name = try reader.name()
    }

    @_lifetime(copy reader)
    init(
        directory context: RequestContext, _ reader: inout MessageReader
    ) throws(MalformedRequest) {
        self.context = context
        mode = try reader.u32()
        umask = try reader.u32()
        device = DeviceCode(rawValue: 0)
        name = try reader.name()
    }
}

/// SYMLINK: a name and the link's text.
public struct SymbolicLinkRequest: ~Escapable {
    public let context: RequestContext
    public let name: Span<UInt8>
    public let target: Span<UInt8>

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        name = try reader.name()
        target = try reader.string()
    }
}

/// LINK (`struct fuse_link_in`, 8 bytes): a further name, in the request's node, for another node.
public struct LinkRequest: ~Escapable {
    public let context: RequestContext
    public let existingNode: NodeID
    public let name: Span<UInt8>

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        existingNode = NodeID(try reader.u64())
        name = try reader.name()
    }
}

/// RENAME (`struct fuse_rename_in`, 8 bytes) and RENAME2 (`struct fuse_rename2_in`, 16 bytes).
public struct RenameRequest: ~Escapable {
    /// Its node is the directory that holds the name now.
    public let context: RequestContext
    public let name: Span<UInt8>
    public let newDirectory: NodeID
    public let newName: Span<UInt8>
    /// `RENAME_*` of renameat2(2).
    public let flags: UInt32

    @_lifetime(copy reader)
    init(
        _ context: RequestContext, _ reader: inout MessageReader, withFlags: Bool
    ) throws(MalformedRequest) {
        self.context = context
        newDirectory = NodeID(try reader.u64())
        var flags: UInt32 = 0
        if withFlags {
            flags = try reader.u32()
            try reader.skip(4)
        }
        self.flags = flags
        name = try reader.name()
        newName = try reader.name()
    }
}
