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

    /// nil for another size and for flags that are not 0. Of a length over 488 what fits is used,
    /// so that a program may pass what it passes on Windows.
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

    /// Of a BypassIO control whose arguments are right; nil for all else.
    var operation: BypassIOOperation? {
        let start = Self.bufferOffset
        return try? FSBypassIOInput.validated(
            controlCode: code, input: asked.extracting(start..<start + inputLength),
            outputLength: outputLength
        ).operation
    }

    /// Answers with a status and no output. As ``send(to:_:_:)``.
    func refuse(with status: NTStatus, _ answer: inout MutableSpan<UInt8>) -> Int {
        for index in 0..<Self.bufferOffset { answer[index] = asked[index] }
        Self.store(status.rawValue, at: 16, &answer)
        Self.store(0, at: 20, &answer)
        return Self.bufferOffset
    }

    /// Sends the control and puts what comes back into `answer`, which is as long as the message
    /// and zero: status, information and output. Returns where the output ends; what is behind it
    /// the kernel leaves as the caller had it.
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

    /// The veto that an answer carries, whose output ends at `end`.
    func veto(
        in answer: Span<UInt8>, upTo end: Int
    ) -> (veto: BypassVeto, operation: BypassIOOperation)? {
        let output = answer.extracting(Self.bufferOffset..<max(end, Self.bufferOffset))
        // Of nearly all answers one byte tells that there is none: an error's OpStatus begins with
        // 11.
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
