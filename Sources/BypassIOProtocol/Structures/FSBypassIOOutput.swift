/// The output of FSCTL_MANAGE_BYPASS_IO (`FS_BPIO_OUTPUT`, ntifs.h): 352 bytes in the header
/// file, on the wire 24, 96 or 352 by operation.
public struct FSBypassIOOutput: WireStructure {
    public static let windowsName = "FS_BPIO_OUTPUT"
    public static let size = 352
    /// Bytes before the union: all that an operation without a result returns.
    public static let headerSize = 24

    /// The union behind the header.
    public enum Body: Hashable, Sendable {
        case none
        case results(BypassIOResults)
        case info(BypassIOInfo)
    }

    /// Offset 0: the request's operation again.
    public var operation: BypassIOOperation
    /// Offset 4.
    public var flags: BypassIOOutputFlags
    /// Offset 8: zero.
    public var reserved1: UInt64
    /// Offset 16: zero.
    public var reserved2: UInt64
    /// Offset 24: the arm that `operation.outputArm` names.
    public var body: Body

    public init(
        operation: BypassIOOperation, flags: BypassIOOutputFlags = [], reserved1: UInt64 = 0,
        reserved2: UInt64 = 0, body: Body = .none
    ) {
        self.operation = operation
        self.flags = flags
        self.reserved1 = reserved1
        self.reserved2 = reserved2
        self.body = body
    }

    /// The operation's minimum output size, 24, 96 or 352 bytes; `nil` if it is unknown.
    public var encodedSize: Int? { operation.minimumOutputSize }

    /// The results, if the operation has them.
    public var results: BypassIOResults? {
        if case .results(let results) = body { results } else { nil }
    }

    /// The information, if the operation has it.
    public var info: BypassIOInfo? {
        if case .info(let info) = body { info } else { nil }
    }

    /// Reads the header and the operation's arm. An unknown operation is kept, with no arm.
    ///
    /// - Throws: `WireError` if the operation's minimum does not fit or a length is too large.
    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.headerSize, of: bytes)
        operation = BypassIOOperation(rawValue: bytes.uint32(at: 0))
        flags = BypassIOOutputFlags(rawValue: bytes.uint32(at: 4))
        reserved1 = bytes.uint64(at: 8)
        reserved2 = bytes.uint64(at: 16)
        try Self.require(operation.minimumOutputSize ?? Self.headerSize, of: bytes)
        let union = bytes.extracting(droppingFirst: Self.headerSize)
        switch operation.outputArm {
        case .results: body = .results(try BypassIOResults(decoding: union))
        case .info: body = .info(try BypassIOInfo(decoding: union))
        case .some(.none), nil: body = .none
        }
    }

    /// Writes 24, 96 or 352 bytes.
    ///
    /// - Throws: `WireError` if the operation is unknown or `body` is not the arm it uses.
    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        guard let arm = operation.outputArm else {
            throw fault("Operation", at: 0, .unknownOperation(operation.rawValue))
        }
        guard arm == bodyArm else {
            throw fault("union", at: Self.headerSize, .wrongArm(operation: operation.rawValue))
        }
        image.store(littleEndian: operation.rawValue, at: offset)
        image.store(littleEndian: flags.rawValue, at: offset + 4)
        image.store(littleEndian: reserved1, at: offset + 8)
        image.store(littleEndian: reserved2, at: offset + 16)
        switch body {
        case .none: break
        case .results(let results): try results.write(to: &image, at: offset + Self.headerSize)
        case .info(let info): try info.write(to: &image, at: offset + Self.headerSize)
        }
    }

    private var bodyArm: BypassIOOperation.OutputArm {
        switch body {
        case .none: .none
        case .results: .results
        case .info: .info
        }
    }

    private func fault(_ field: String, at offset: Int, _ fault: WireError.Fault) -> WireError {
        WireError(structure: Self.windowsName, field: field, offset: offset, fault: fault)
    }
}

extension FSBypassIOOutput {
    /// The encoding as an array of `encodedSize` bytes. Allocates the array.
    ///
    /// - Throws: `WireError` if the value has no encoding.
    public func encodedBytes() throws(WireError) -> [UInt8] {
        try encoding()
    }

    /// The encoding of an answer that has only zeros behind its header: success without a name, of
    /// an operation with or without results. Allocates the array.
    ///
    /// - Throws: `WireError` if the operation is unknown, or is GET_INFO, whose answer holds more.
    public static func success(
        of operation: BypassIOOperation, flags: BypassIOOutputFlags
    ) throws(WireError) -> [UInt8] {
        guard let size = operation.minimumOutputSize, operation.outputArm != .info else {
            return try Self(operation: operation, flags: flags).encoding()
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var span = bytes.mutableSpan
        span.store(littleEndian: operation.rawValue, at: 0)
        span.store(littleEndian: flags.rawValue, at: 4)
        return bytes
    }
}

/// A verdict and the name of its driver (`FS_BPIO_RESULTS`, ntifs.h; `BPIO_RESULTS`, ntddstor.h,
/// has the same layout): 328 bytes.
public struct BypassIOResults: WireStructure {
    public static let windowsName = "FS_BPIO_RESULTS"
    public static let size = 328

    /// Offset 0, `OpStatus`: success, or why bypass is refused.
    public var status: NTStatus
    /// Offset 4 (length) and 6 (units): the driver that refuses, with its extension.
    public var driverName: DriverName
    /// Offset 70 (length) and 72 (units): its reason, an English sentence.
    public var failureReason: FailureReason

    public init(
        status: NTStatus = .success, driverName: DriverName,
        failureReason: FailureReason = FailureReason()
    ) {
        self.status = status
        self.driverName = driverName
        self.failureReason = failureReason
    }

    /// A verdict without a name.
    ///
    /// Empty texts as default arguments would be made at the call, where their capacity is not
    /// known; here they are a store of zeros.
    public init(status: NTStatus = .success) {
        self.init(
            status: status, driverName: DriverName(), failureReason: FailureReason())
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        status = NTStatus(rawValue: bytes.uint32(at: 0))
        driverName = try Self.text(bytes, lengthField: "FailingDriverNameLen", at: 4)
        failureReason = try Self.text(bytes, lengthField: "FailureReasonLen", at: 70)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: status.rawValue, at: offset)
        image.store(littleEndian: driverName.length, at: offset + 4)
        image.store(driverName, at: offset + 6)
        image.store(littleEndian: failureReason.length, at: offset + 70)
        image.store(failureReason, at: offset + 72)
    }
}

/// The answer to FS_BPIO_OP_GET_INFO (`FS_BPIO_INFO`, ntifs.h): 72 bytes.
public struct BypassIOInfo: WireStructure {
    public static let windowsName = "FS_BPIO_INFO"
    public static let size = 72

    /// Offset 0: open file objects of the volume with bypass enabled.
    public var activeBypassIOCount: UInt32
    /// Offset 4 (length) and 6 (units): the storage driver, with its extension.
    public var storageDriverName: DriverName

    public init(activeBypassIOCount: UInt32 = 0, storageDriverName: DriverName = DriverName()) {
        self.activeBypassIOCount = activeBypassIOCount
        self.storageDriverName = storageDriverName
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        activeBypassIOCount = bytes.uint32(at: 0)
        storageDriverName = try Self.text(bytes, lengthField: "StorageDriverNameLen", at: 4)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: activeBypassIOCount, at: offset)
        image.store(littleEndian: storageDriverName.length, at: offset + 4)
        image.store(storageDriverName, at: offset + 6)
        // The two bytes from 70 on, which round the size up to the alignment of 4, stay zero.
    }
}
