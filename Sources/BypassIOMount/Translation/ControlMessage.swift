internal import BypassIOProtocol
internal import IOStack

/// `struct bypassio_fsctl` of bypassio.h, 512 bytes: a file-system control as an ioctl carries it.
/// Allocates nothing.
struct ControlMessage {
    /// `_IOWR('B', 1, struct bypassio_fsctl)`.
    static let number: UInt32 = 0xC200_4201
    static let size = 512
    private static let bufferOffset = 24
    private static let bufferSize = 488

    private(set) var bytes = InlineArray<512, UInt8>(repeating: 0)
    private let code: ControlCode
    private let inputLength: Int
    private let outputLength: Int

    /// nil for another size, flags that are not 0, and lengths over 488.
    init?(_ input: Span<UInt8>) {
        guard input.count == Self.size else { return nil }
        func field(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(input[offset + $1]) << UInt32($1 * 8) }
        }
        code = ControlCode(rawValue: field(0))
        inputLength = Int(field(8))
        outputLength = Int(field(12))
        guard field(4) == 0, inputLength <= Self.bufferSize, outputLength <= Self.bufferSize
        else { return nil }
        for index in input.indices { bytes[index] = input[index] }
    }

    /// Sends the control and puts in what came back: status, information and output.
    mutating func answer(on file: FileObject, _ requestor: Requestor) {
        let start = Self.bufferOffset
        var output = InlineArray<488, UInt8>(repeating: 0)
        let status = send(to: file, requestor, &output)
        store(UInt32(bitPattern: Int32(bitPattern: status.status.rawValue)), at: 16)
        let written = min(max(status.information, 0), outputLength)
        store(UInt32(written), at: 20)
        for index in 0..<written { bytes[start + index] = output[index] }
    }

    private func send(
        to file: FileObject, _ requestor: Requestor, _ output: inout InlineArray<488, UInt8>
    ) -> IOStatusBlock {
        var span = output.mutableSpan
        var room = span._mutatingExtracting(first: outputLength)
        let input = bytes.span.extracting(Self.bufferOffset..<Self.bufferOffset + inputLength)
        return file.fsControl(code, input: input, output: &room, requestor: requestor)
    }

    private mutating func store(_ value: UInt32, at offset: Int) {
        for byte in 0..<4 {
            bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
        }
    }
}
