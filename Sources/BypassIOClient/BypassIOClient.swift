public import BypassIOProtocol
internal import CBypassIO
public import SystemPackage

/// Sends the control code to files of a mounted bypassio volume.
///
/// ```swift
/// let file = try FileDescriptor.open(
///     "/mnt/games/level1.pak", .readOnly, options: .init(rawValue: O_DIRECT))
/// let answer = try BypassIOClient(file).manage(.enable)
/// print(answer.results?.failureReason ?? "")   // empty, or the reason of the veto
/// ```
///
/// The descriptor stays the caller's. Any thread.
public struct BypassIOClient: Sendable {
    public let descriptor: FileDescriptor
    /// Bytes in the ioctl's buffer (bypassio.h).
    private static let carried = 488

    public init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Sends an operation of FSCTL_MANAGE_BYPASS_IO.
    ///
    /// A veto is no error: it is in `FSBypassIOOutput.results`. Throws ``BypassIOClientError``.
    public func manage(
        _ operation: BypassIOOperation, flags: BypassIOInputFlags = []
    ) throws(BypassIOClientError) -> FSBypassIOOutput {
        let input = FSBypassIOInput(operation: operation, flags: flags)
        guard let bytes = try? input.encodedBytes() else {
            throw .status(.invalidParameter)
        }
        let (status, output) = try send(
            .manageBypassIO, bytes, outputLength: FSBypassIOOutput.size)
        if status.isError { throw .status(status) }
        guard let decoded = try? FSBypassIOOutput(decoding: output.span) else {
            throw .malformedAnswer
        }
        return decoded
    }

    /// Sends any control code, as DeviceIoControl does. At most the first 488 bytes of the input
    /// are sent, and at most 488 bytes come back.
    public func send(
        _ code: ControlCode, _ input: [UInt8], outputLength: Int
    ) throws(BypassIOClientError) -> (status: NTStatus, output: [UInt8]) {
        guard let offered = UInt32(exactly: outputLength) else {
            throw .refused(.invalidArgument)
        }
        let input = input.prefix(Self.carried)
        var output = [UInt8](repeating: 0, count: min(outputLength, Self.carried))
        var status: Int32 = 0
        var written: UInt32 = 0
        let result = unsafe bypassio_fsctl(
            descriptor.rawValue, code.rawValue, Array(input), UInt32(input.count), &output, offered,
            &status, &written)
        guard result == 0 else { throw BypassIOClientError(Errno(rawValue: -result)) }
        return (
            NTStatus(rawValue: UInt32(bitPattern: status)), Array(output.prefix(Int(written)))
        )
    }
}
