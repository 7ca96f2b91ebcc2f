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

    /// nil for another size and for flags that are not 0. A length over 488 counts as 488, so that
    /// a program may pass the lengths that it passes on Windows.
    @_lifetime(copy message)
    init?(_ message: Span<UInt8>) {
        guard message.count == Self.size else { return nil }
        func field(_ offset: Int) -> UInt32 {
            UInt32(message[offset]) | UInt32(message[offset + 1]) << 8
                | UInt32(message[offset + 2]) << 16 | UInt32(message[offset + 3]) << 24
        }
        asked = message
        code = ControlCode(rawValue: field(0))
        inputLength = min(Int(field(8)), Self.bufferSize)
        outputLength = min(Int(field(12)), Self.bufferSize)
        guard field(4) == 0 else { return nil }
    }

    /// The operation of a valid BypassIO control; nil for everything else.
    var operation: BypassIOOperation? {
        let start = Self.bufferOffset
        return try? FSBypassIOInput.validated(
            controlCode: code, input: asked.extracting(start..<start + inputLength),
            outputLength: outputLength
        ).operation
    }

    /// Answers with a status and no output, in the way of ``send(to:_:_:)``.
    func refuse(with status: NTStatus, _ answer: inout MutableSpan<UInt8>) -> Int {
        for index in 0..<Self.bufferOffset { answer[index] = asked[index] }
        Self.store(status.rawValue, at: 16, &answer)
        Self.store(0, at: 20, &answer)
        return Self.bufferOffset
    }

    /// Sends the control and writes the result into `answer`, which has the message's length and is
    /// zero: status, information and output. Returns the end of the output; the kernel leaves the
    /// caller's bytes behind it unchanged.
    func send(
        to file: FileObject, _ requestor: Requestor, _ answer: inout MutableSpan<UInt8>
    ) -> Int {
        let start = Self.bufferOffset
        for index in 0..<start { answer[index] = asked[index] }
        let status = send(to: file, requestor, output: &answer)
        let written = min(max(status.information, 0), outputLength)
        Self.store(UInt32(bitPattern: Int32(bitPattern: status.status.rawValue)), at: 16, &answer)
        Self.store(UInt32(written), at: 20, &answer)
        return start + written
    }

    /// The veto in an answer whose output ends at `end`.
    func veto(
        in answer: Span<UInt8>, upTo end: Int
    ) -> (veto: BypassVeto, operation: BypassIOOperation)? {
        let output = answer.extracting(Self.bufferOffset..<max(end, Self.bufferOffset))
        // One byte of nearly all answers shows that there is no veto: an error's OpStatus begins
        // with the bits 11.
        guard code == .manageBypassIO, output.count == FSBypassIOOutput.size,
            output[FSBypassIOOutput.headerSize + 3] & 0xC0 == 0xC0,
            let decoded = try? FSBypassIOOutput(decoding: output), let results = decoded.results
        else { return nil }
        return (BypassVeto(results), decoded.operation)
    }

    private func send(
        to file: FileObject, _ requestor: Requestor, output answer: inout MutableSpan<UInt8>
    ) -> IOStatusBlock {
        let start = Self.bufferOffset
        var room = answer._mutatingExtracting(start..<start + outputLength)
        return file.fsControl(
            code, input: asked.extracting(start..<start + inputLength), output: &room,
            requestor: requestor)
    }

    private static func store(
        _ value: UInt32, at offset: Int, _ answer: inout MutableSpan<UInt8>
    ) {
        for byte in 0..<4 {
            answer[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
        }
    }
}
