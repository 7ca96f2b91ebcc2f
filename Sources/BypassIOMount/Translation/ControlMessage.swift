internal import BypassIOProtocol
internal import IOStack

/// `struct bypassio_fsctl` of bypassio.h, 512 bytes: a file-system control as an ioctl carries it.
/// Allocates nothing.
struct ControlMessage: ~Escapable {
    /// `_IOWR('B', 1, struct bypassio_fsctl)`.
    static let number: UInt32 = 0xC200_4201
    static let size = 512
    private static let bufferOffset = 24
    private static let bufferSize = 488

    private let asked: Span<UInt8>
    private let code: ControlCode
    private let inputLength: Int
    private let outputLength: Int
    private var bytes = InlineArray<512, UInt8>(repeating: 0)
    private var end = 0

    /// nil for another size, flags that are not 0, and lengths over 488.
    @_lifetime(copy message)
    init?(_ message: Span<UInt8>) {
        guard message.count == Self.size else { return nil }
        func field(_ offset: Int) -> UInt32 {
            UInt32(message[offset]) | UInt32(message[offset + 1]) << 8
                | UInt32(message[offset + 2]) << 16 | UInt32(message[offset + 3]) << 24
        }
        asked = message
        code = ControlCode(rawValue: field(0))
        inputLength = Int(field(8))
        outputLength = Int(field(12))
        guard field(4) == 0, inputLength <= Self.bufferSize, outputLength <= Self.bufferSize
        else { return nil }
    }

    /// What came back: the message with status, information and output, up to where the output ends.
    /// The kernel leaves what is behind it as the caller had it.
    var answer: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(first: end) }
    }

    /// Sends the control; then there is an ``answer``.
    @_lifetime(self: copy self)
    mutating func send(to file: FileObject, _ requestor: Requestor) {
        let start = Self.bufferOffset
        for index in 0..<start { bytes[index] = asked[index] }
        let status = answered(by: file, requestor)
        let written = min(max(status.information, 0), outputLength)
        store(UInt32(bitPattern: Int32(bitPattern: status.status.rawValue)), at: 16)
        store(UInt32(written), at: 20)
        end = start + written
    }

    @_lifetime(self: copy self)
    private mutating func answered(
        by file: FileObject, _ requestor: Requestor
    ) -> IOStatusBlock {
        let start = Self.bufferOffset
        let (code, outputLength) = (code, outputLength)
        let input = asked.extracting(start..<start + inputLength)
        var span = bytes.mutableSpan
        var room = span._mutatingExtracting(start..<start + outputLength)
        return file.fsControl(code, input: input, output: &room, requestor: requestor)
    }

    @_lifetime(self: copy self)
    private mutating func store(_ value: UInt32, at offset: Int) {
        for byte in 0..<4 {
            bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
        }
    }
}
