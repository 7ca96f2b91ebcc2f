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
