/// The input of IOCTL_STORAGE_MANAGE_BYPASS_IO (`BPIO_INPUT`, ntddstor.h): 24 bytes.
///
/// The size is that of `FS_BPIO_INPUT`, but the first 16 bytes differ.
public struct StorageBypassIOInput: WireStructure {
    public static let windowsName = "BPIO_INPUT"
    public static let size = 24

    /// Offset 0: the structure's size, 24.
    public var version: UInt32
    /// Offset 4: the structure's size and any variable part behind it, in bytes.
    public var byteSize: UInt32
    /// Offset 8: the operation asked for.
    public var operation: StorageBypassIOOperation
    /// Offset 12.
    public var flags: StorageBypassIOInputFlags
    /// Offset 16: must be zero.
    public var reserved2: UInt64

    public init(
        version: UInt32 = 24, byteSize: UInt32 = 24, operation: StorageBypassIOOperation,
        flags: StorageBypassIOInputFlags = [], reserved2: UInt64 = 0
    ) {
        self.version = version
        self.byteSize = byteSize
        self.operation = operation
        self.flags = flags
        self.reserved2 = reserved2
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        version = bytes.uint32(at: 0)
        byteSize = bytes.uint32(at: 4)
        operation = StorageBypassIOOperation(rawValue: bytes.uint32(at: 8))
        flags = StorageBypassIOInputFlags(rawValue: bytes.uint32(at: 12))
        reserved2 = bytes.uint64(at: 16)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: version, at: offset)
        image.store(littleEndian: byteSize, at: offset + 4)
        image.store(littleEndian: operation.rawValue, at: offset + 8)
        image.store(littleEndian: flags.rawValue, at: offset + 12)
        image.store(littleEndian: reserved2, at: offset + 16)
    }
}

/// The output of IOCTL_STORAGE_MANAGE_BYPASS_IO (`BPIO_OUTPUT`, ntddstor.h): 352 bytes in the
/// header file, on the wire 24 for BPIO_OP_DISABLE and 352 otherwise.
public struct StorageBypassIOOutput: WireStructure {
    public static let windowsName = "BPIO_OUTPUT"
    public static let size = 352
    /// Bytes before the union: all that BPIO_OP_DISABLE returns.
    public static let headerSize = 24

    /// Offset 0: the structure's size, 352.
    public var version: UInt32
    /// Offset 4: bytes of this output.
    public var byteSize: UInt32
    /// Offset 8: the request's operation again.
    public var operation: StorageBypassIOOperation
    /// Offset 12.
    public var flags: StorageBypassIOOutputFlags
    /// Offset 16: zero.
    public var reserved2: UInt64
    /// Offset 24: the verdict, if `operation.hasResults` (`BPIO_RESULTS`).
    public var results: BypassIOResults?

    /// An output whose size fields match the operation.
    public init(
        operation: StorageBypassIOOperation, flags: StorageBypassIOOutputFlags = [],
        reserved2: UInt64 = 0, results: BypassIOResults? = nil
    ) {
        version = UInt32(Self.size)
        byteSize = UInt32(operation.minimumOutputSize ?? Self.headerSize)
        self.operation = operation
        self.flags = flags
        self.reserved2 = reserved2
        self.results = results
    }

    /// The operation's minimum output size, 24 or 352 bytes; `nil` if it is unknown.
    public var encodedSize: Int? { operation.minimumOutputSize }

    /// Reads the header and the operation's results. An unknown operation is kept, without results.
    ///
    /// - Throws: `WireError` if the operation's minimum does not fit or a length is too large.
    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.headerSize, of: bytes)
        version = bytes.uint32(at: 0)
        byteSize = bytes.uint32(at: 4)
        operation = StorageBypassIOOperation(rawValue: bytes.uint32(at: 8))
        flags = StorageBypassIOOutputFlags(rawValue: bytes.uint32(at: 12))
        reserved2 = bytes.uint64(at: 16)
        try Self.require(operation.minimumOutputSize ?? Self.headerSize, of: bytes)
        guard operation.hasResults else { return }
        results = try BypassIOResults(
            decoding: bytes.extracting(droppingFirst: Self.headerSize))
    }

    /// Writes 24 or 352 bytes.
    ///
    /// - Throws: `WireError` if the operation is unknown or `results` do not match it.
    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        guard operation.isKnown else {
            throw fault("Operation", at: 8, .unknownOperation(operation.rawValue))
        }
        guard operation.hasResults == (results != nil) else {
            throw fault("union", at: Self.headerSize, .wrongArm(operation: operation.rawValue))
        }
        image.store(littleEndian: version, at: offset)
        image.store(littleEndian: byteSize, at: offset + 4)
        image.store(littleEndian: operation.rawValue, at: offset + 8)
        image.store(littleEndian: flags.rawValue, at: offset + 12)
        image.store(littleEndian: reserved2, at: offset + 16)
        try results?.write(to: &image, at: offset + Self.headerSize)
    }

    private func fault(_ field: String, at offset: Int, _ fault: WireError.Fault) -> WireError {
        WireError(structure: Self.windowsName, field: field, offset: offset, fault: fault)
    }
}
