/// A structure with a layout fixed by the Windows headers, little-endian.
///
/// Decoding and encoding allocate nothing and never read or write past the structure.
/// Values are independent copies, so any thread may use them.
public protocol WireStructure: Hashable, Sendable {
    /// The structure's name in the Windows headers.
    static var windowsName: String { get }
    /// `sizeof` the structure, in bytes.
    static var size: Int { get }
    /// Bytes that encoding this value writes; `nil` if its operation defines none.
    var encodedSize: Int? { get }

    /// Reads the structure from the start of `bytes`; bytes behind it are ignored.
    ///
    /// - Throws: `WireError` with the first field that does not fit or is malformed.
    init(decoding bytes: Span<UInt8>) throws(WireError)

    /// Writes the structure into `image`, `offset` bytes from its start. Padding is not written.
    ///
    /// - Throws: `WireError` if the value itself cannot be written.
    func write(to image: inout WireImage, at offset: Int) throws(WireError)
}

extension WireStructure {
    public var encodedSize: Int? { Self.size }

    /// Reads the structure from the start of `bytes`; bytes behind it are ignored.
    ///
    /// - Throws: `WireError` with the first field that does not fit or is malformed.
    public init(decoding bytes: RawSpan) throws(WireError) {
        try self.init(decoding: Span<UInt8>(_bytes: bytes))
    }

    /// Writes exactly `encodedSize` bytes at the start of `bytes`, zero in padding.
    ///
    /// - Throws: `WireError` if `bytes` is too short or the value has no encoding; then `bytes` is
    ///   untouched.
    public func encode(into bytes: inout MutableRawSpan) throws(WireError) {
        let (image, size) = try image(fitting: bytes.byteCount)
        for offset in 0..<size {
            bytes.storeBytes(of: image[offset], toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Writes exactly `encodedSize` bytes at the start of `bytes`, zero in padding.
    ///
    /// - Throws: `WireError` if `bytes` is too short or the value has no encoding; then `bytes` is
    ///   untouched.
    public func encode(into bytes: inout MutableSpan<UInt8>) throws(WireError) {
        let (image, size) = try image(fitting: bytes.count)
        for offset in 0..<size {
            bytes[offset] = image[offset]
        }
    }

    /// The encoding as an array of `encodedSize` bytes. Allocates the array.
    ///
    /// - Throws: `WireError` if the value has no encoding.
    public func encodedBytes() throws(WireError) -> [UInt8] {
        try encoding()
    }

    /// As ``encodedBytes()``, for structures that call it themselves: the compiler then knows the
    /// type, which spares a look-up of metadata for every field.
    func encoding() throws(WireError) -> [UInt8] {
        let size = encodedSize ?? 0
        let (image, _) = try image(fitting: size)
        var bytes = [UInt8](repeating: 0, count: size)
        for offset in 0..<min(image.end, size) { bytes[offset] = image[offset] }
        return bytes
    }

    /// The image of the structure, and how many of its bytes count.
    private func image(
        fitting available: Int
    ) throws(WireError) -> (image: WireImage, size: Int) {
        var image = WireImage()
        try write(to: &image, at: 0)
        let size = encodedSize ?? 0
        guard size <= available else { throw Self.tooShort(available: available, needed: size) }
        return (image, size)
    }

    static func tooShort(available: Int, needed: Int) -> WireError {
        WireError(
            structure: windowsName, field: "length", offset: 0,
            fault: .tooShort(available: available, needed: needed))
    }

    /// Refuses a buffer in which the structure's `needed` bytes do not fit.
    static func require(_ needed: Int, of bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= needed else {
            throw tooShort(available: bytes.count, needed: needed)
        }
    }

    /// Reads a length field in characters and the array of UTF-16 units behind it.
    static func text<let capacity: Int>(
        _ bytes: Span<UInt8>, lengthField: String, at offset: Int
    ) throws(WireError) -> FixedUTF16<capacity> {
        let length = Int(bytes.uint16(at: offset))
        guard length <= capacity else {
            throw WireError(
                structure: windowsName, field: lengthField, offset: offset,
                fault: .lengthOverCapacity(length: length, capacity: capacity))
        }
        return FixedUTF16(decoding: bytes, at: offset + 2, length: length)
    }
}

/// The bytes of one structure on their way to a buffer: at most 352, held in place.
///
/// A buffer comes as a `MutableRawSpan` or as a `MutableSpan<UInt8>`, and neither can become the
/// other without unsafe code. So structures write themselves here, and whole images are copied.
public struct WireImage: Sendable {
    /// The size of the largest structure, in bytes.
    static let capacity = 352

    private var bytes: InlineArray<352, UInt8> = InlineArray(repeating: 0)
    /// The end of the stored bytes; zeros follow. Most answers end long before their structure.
    private(set) var end = 0

    /// An image of zeros.
    init() {}

    /// The byte at `offset`, which is below 352.
    subscript(offset: Int) -> UInt8 { bytes[offset] }

    /// Stores an integer in little-endian order, whatever the host's order.
    mutating func store<Value: FixedWidthInteger>(littleEndian value: Value, at offset: Int) {
        end = max(end, offset + Value.bitWidth / 8)
        var span = bytes.mutableSpan
        span.store(littleEndian: value, at: offset)
    }

    /// Stores a name or a reason; the units behind it up to its capacity stay zero.
    mutating func store<let capacity: Int>(_ text: FixedUTF16<capacity>, at offset: Int) {
        for index in 0..<Int(text.length) {
            store(littleEndian: text.units[index], at: offset + 2 * index)
        }
    }
}

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

/// Little-endian fields of a buffer. An offset past the end stops the program, so callers check the
/// length first.
extension Span<UInt8> {
    func uint16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    func uint32(at offset: Int) -> UInt32 {
        UInt32(uint16(at: offset)) | UInt32(uint16(at: offset + 2)) << 16
    }

    func uint64(at offset: Int) -> UInt64 {
        UInt64(uint32(at: offset)) | UInt64(uint32(at: offset + 4)) << 32
    }
}

extension MutableSpan<UInt8> {
    @inline(__always)
    mutating func store<Value: FixedWidthInteger>(littleEndian value: Value, at offset: Int) {
        for index in 0..<(Value.bitWidth / 8) {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}
