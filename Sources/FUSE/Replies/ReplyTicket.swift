internal import SystemPackage

/// The right to answer one request, once. Dropped without an answer it answers EIO, so that no
/// caller waits for ever. May move to another thread.
struct ReplyTicket: ~Copyable, Sendable {
    /// `struct fuse_out_header`.
    static let headerSize = 16
    /// Of a body that is put together in place.
    private static let smallBody = 320

    let unique: UInt64
    let channel: any ReplyChannel
    private var isAnswered = false

    init(unique: UInt64, channel: any ReplyChannel) {
        self.unique = unique
        self.channel = channel
    }

    deinit {
        if !isAnswered { Self.answer(.ioError, unique, channel) }
    }

    /// Whoever takes the number over owes the answer.
    consuming func handOver() -> UInt64 {
        isAnswered = true
        return unique
    }

    consuming func fail(_ error: Errno) {
        isAnswered = true
        Self.answer(error, unique, channel)
    }

    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile.
    @discardableResult
    consuming func succeed() -> Bool {
        isAnswered = true
        return Self.answer(nil, unique, channel)
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
        return Self.send(span.span.extracting(first: length), unique, channel)
    }

    /// Sends the first `count` bytes of the buffer's data.
    @discardableResult
    consuming func succeed(_ count: Int, of buffer: TransferBuffer) -> Bool {
        isAnswered = true
        let (unique, channel) = (unique, channel)
        let count = min(max(count, 0), buffer.capacity)
        buffer.withMutableMessage(header: Self.headerSize) { message in
            Self.writeHeader(&message, length: Self.headerSize + count, error: nil, unique)
        }
        return buffer.withMessage(header: Self.headerSize, body: count) { message in
            Self.send(message, unique, channel)
        }
    }

    /// Sends bytes that lie elsewhere, for an ioctl behind its result (`struct fuse_ioctl_out`).
    consuming func succeed(_ bytes: Span<UInt8>, result: Int32? = nil) {
        isAnswered = true
        let length = Self.headerSize + (result == nil ? 0 : 16) + bytes.count
        // A control of ours fits, so that the commonest of these allocates nothing.
        if length <= 576 {
            var message = InlineArray<576, UInt8>(repeating: 0)
            var span = message.mutableSpan
            Self.write(&span, length, unique, result, bytes)
            Self.send(span.span.extracting(first: length), unique, channel)
        } else {
            var message = [UInt8](repeating: 0, count: length)
            var span = message.mutableSpan
            Self.write(&span, length, unique, result, bytes)
            Self.send(span.span, unique, channel)
        }
    }

    private static func write(
        _ message: inout MutableSpan<UInt8>, _ length: Int, _ unique: UInt64, _ result: Int32?,
        _ bytes: Span<UInt8>
    ) {
        writeHeader(&message, length: length, error: nil, unique)
        var writer = MessageWriter(&message, from: headerSize)
        if let result {
            writer.u32(UInt32(bitPattern: result))
            writer.zeros(12)
        }
        writer.copy(bytes)
    }

    // MARK: On the wire

    @discardableResult
    private static func answer(_ error: Errno?, _ unique: UInt64, _ channel: any ReplyChannel)
        -> Bool
    {
        var bytes = InlineArray<16, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        writeHeader(&span, length: headerSize, error: error, unique)
        return send(span.span, unique, channel)
    }

    private static func writeHeader(
        _ message: inout MutableSpan<UInt8>, length: Int, error: Errno?, _ unique: UInt64
    ) {
        var writer = MessageWriter(&message, from: 0)
        writer.u32(UInt32(length))
        writer.u32(UInt32(bitPattern: -wireError(error)))
        writer.u64(unique)
    }

    /// The kernel takes 0 to 511; anything else would leave the caller waiting.
    private static func wireError(_ error: Errno?) -> Int32 {
        guard let error else { return 0 }
        return (1...511).contains(error.rawValue) ? error.rawValue : Errno.ioError.rawValue
    }

    @discardableResult
    private static func send(
        _ message: Span<UInt8>, _ unique: UInt64, _ channel: any ReplyChannel
    ) -> Bool {
        do throws(Errno) {
            try channel.send(message)
            return true
        } catch {
            // The kernel did not understand the reply; it waits for another one. What was sent, it
            // did not take.
            if error == .invalidArgument, message.count > headerSize {
                answer(.ioError, unique, channel)
            }
            return false
        }
    }
}
