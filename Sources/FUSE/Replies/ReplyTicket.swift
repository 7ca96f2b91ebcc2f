internal import Glibc
package import LinuxKit
public import SystemPackage

/// The right to answer one request, once. Dropped without an answer it answers EIO, so that no
/// caller waits for ever. May move to another thread.
package struct ReplyTicket: ~Copyable, Sendable {
    /// `struct fuse_out_header`.
    package static let headerSize = 16
    /// Of bytes that are put together in place: a control of ours fits.
    static let smallOutput = 544

    let unique: RequestID
    let channel: any ReplyChannel
    /// Where the answer is written down before the kernel has it; nil: nowhere.
    private let record: RecoveryTable?
    private var isAnswered = false

    /// - Parameter record: where the request was written down before it was carried.
    package init(
        unique: RequestID, channel: any ReplyChannel, record: RecoveryTable? = nil
    ) {
        self.unique = unique
        self.channel = channel
        self.record = record
    }

    deinit {
        if !isAnswered { Self.answer(.ioError, unique, channel, record) }
    }

    /// The caller takes the number over, and owes the answer.
    consuming func handOver() -> RequestID {
        isAnswered = true
        return unique
    }

    /// The kernel waits for no answer, or another ticket answers.
    consuming func waive() { isAnswered = true }

    package consuming func fail(_ error: Errno) {
        isAnswered = true
        if error.isOfStorage { channel.storageFailed(error) }
        Self.answer(error, unique, channel, record)
    }

    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile.
    @discardableResult
    consuming func succeed() -> Bool {
        isAnswered = true
        return Self.answer(nil, unique, channel, record)
    }

    /// Sends a body that `fill` puts together, at most 320 bytes.
    @discardableResult
    consuming func succeed(_ fill: (inout MessageWriter) -> Void) -> Bool {
        isAnswered = true
        var bytes = InlineArray<336, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        var length = 0
        do {
            var writer = MessageWriter(&span, from: Self.headerSize)
            fill(&writer)
            length = writer.count
        }
        Self.writeHeader(&span, length: length, error: nil, unique)
        return Self.send(span.span.extracting(first: length), unique, channel, record)
    }

    /// Sends the first `count` bytes of the buffer's data.
    @discardableResult
    package consuming func succeed(_ count: Int, of buffer: TransferBuffer) -> Bool {
        isAnswered = true
        let (unique, channel, record) = (unique, channel, record)
        let count = min(max(count, 0), buffer.capacity)
        buffer.withMutableMessage(header: Self.headerSize) { message in
            Self.writeHeader(&message, length: Self.headerSize + count, error: nil, unique)
        }
        return buffer.withMessage(header: Self.headerSize, body: count) { message in
            Self.send(message, unique, channel, record)
        }
    }

    /// Sends bytes that lie elsewhere, for an ioctl behind its result (`struct fuse_ioctl_out`).
    consuming func succeed(_ bytes: Span<UInt8>, result: Int32? = nil) {
        if bytes.count <= Self.smallOutput {
            return succeed(result: result, upTo: bytes.count) { output in
                var writer = MessageWriter(&output, from: 0)
                writer.copy(bytes)
                return bytes.count
            }
        }
        isAnswered = true
        let start = Self.start(result)
        var message = [UInt8](repeating: 0, count: start + bytes.count)
        var span = message.mutableSpan
        Self.writeHeaders(&span, length: span.count, result, unique)
        do {
            var writer = MessageWriter(&span, from: start)
            writer.copy(bytes)
        }
        Self.send(span.span, unique, channel, record)
    }

    /// The same for bytes that `fill` puts together in `size` zeros, at most 544, and tells the
    /// length of. Allocates nothing.
    consuming func succeed(
        result: Int32?, upTo size: Int, _ fill: (inout MutableSpan<UInt8>) -> Int
    ) {
        isAnswered = true
        let start = Self.start(result)
        var message = InlineArray<576, UInt8>(repeating: 0)
        var span = message.mutableSpan
        var length = start
        do {
            var output = span._mutatingExtracting(start..<start + size)
            length += min(max(fill(&output), 0), size)
        }
        Self.writeHeaders(&span, length: length, result, unique)
        Self.send(span.span.extracting(first: length), unique, channel, record)
    }

    /// Where the bytes begin that follow the headers.
    private static func start(_ result: Int32?) -> Int {
        result == nil ? headerSize : headerSize + 16
    }

    private static func writeHeaders(
        _ message: inout MutableSpan<UInt8>, length: Int, _ result: Int32?, _ unique: RequestID
    ) {
        writeHeader(&message, length: length, error: nil, unique)
        guard let result else { return }
        var writer = MessageWriter(&message, from: headerSize)
        writer.u32(UInt32(bitPattern: result))
        writer.zeros(12)
    }

    // MARK: On the wire

    @discardableResult
    private static func answer(
        _ error: Errno?, _ unique: RequestID, _ channel: any ReplyChannel,
        _ record: RecoveryTable?
    ) -> Bool {
        var bytes = InlineArray<16, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        writeHeader(&span, length: headerSize, error: error, unique)
        return send(span.span, unique, channel, record)
    }

    private static func writeHeader(
        _ message: inout MutableSpan<UInt8>, length: Int, error: Errno?, _ unique: RequestID
    ) {
        var writer = MessageWriter(&message, from: 0)
        writer.u32(UInt32(length))
        writer.u32(UInt32(bitPattern: -wireError(error)))
        writer.u64(unique.rawValue)
    }

    /// The kernel takes 0 to 511; anything else would leave the caller waiting.
    private static func wireError(_ error: Errno?) -> Int32 {
        guard let error else { return 0 }
        return (1...511).contains(error.rawValue) ? error.rawValue : Errno.ioError.rawValue
    }

    @discardableResult
    private static func send(
        _ message: Span<UInt8>, _ unique: RequestID, _ channel: any ReplyChannel,
        _ record: RecoveryTable?
    ) -> Bool {
        record?.done(unique.rawValue, message)
        // Also where the kernel has no use for it any more.
        defer { record?.over(unique.rawValue) }
        do throws(Errno) {
            try channel.send(message)
            return true
        } catch {
            // The kernel did not understand the reply and did not take it. It waits for another.
            if error == .invalidArgument, message.count > headerSize {
                answer(.ioError, unique, channel, record)
            }
            return false
        }
    }
}

extension Errno {
    /// No program is to blame: the disk fails or is gone, or there is no room.
    fileprivate var isOfStorage: Bool {
        switch self {
        case .ioError, .noSpace, .diskQuotaExceeded, .operationNotSupportedByDevice, .badMessage,
            Errno(rawValue: EUCLEAN):
            true
        default: false
        }
    }
}

/// The right to answer one request, once; dropped, it answers `EIO`.
public protocol Reply: ~Copyable {
    consuming func fail(_ error: Errno)
}
