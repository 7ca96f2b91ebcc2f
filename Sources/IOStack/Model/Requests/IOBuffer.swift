internal import Glibc
public import SystemPackage

/// Memory that data is read into or written from, aligned as the storage needs it.
///
/// A buffer belongs to one request at a time. Only the thread that carries the request may touch
/// the bytes. The storage driver makes buffers (``StorageDriver/makeBuffer(capacity:)``), because
/// only it knows the alignment.
public protocol IOBuffer: AnyObject, Sendable {
    /// Size in bytes.
    var capacity: Int { get }

    /// Lends the first `count` bytes for reading. `count` is cut to ``capacity``.
    func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R

    /// Lends the first `count` bytes for writing. `count` is cut to ``capacity``.
    func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R
}

/// A buffer on the heap, for storage without an alignment rule and for tests.
public final class HeapBuffer: IOBuffer, @unchecked Sendable {
    private var bytes: [UInt8]

    public init(capacity: Int) {
        precondition(capacity >= 0)
        bytes = [UInt8](repeating: 0, count: capacity)
    }

    public init(_ content: [UInt8]) {
        bytes = content
    }

    public var capacity: Int { bytes.count }

    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let bytes = self.bytes
        return try body(bytes.span.extracting(first: min(max(count, 0), bytes.count)))
    }

    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        // Taken out while it is lent, so that the array stays the only reference.
        var lent: [UInt8] = []
        swap(&lent, &bytes)
        defer { swap(&lent, &bytes) }
        let wanted = min(max(count, 0), lent.count)
        var all = lent.mutableSpan
        var part = all._mutatingExtracting(first: wanted)
        return try body(&part)
    }
}

extension Array where Element == UInt8 {
    /// The bytes of a span as an array, in one copy.
    public init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { bytes in unsafe Array(bytes) }
    }
}

extension MutableSpan<UInt8> {
    /// Puts all bytes of `source` at the start, in one copy; they must fit.
    package mutating func copy(_ source: Span<UInt8>) {
        unsafe withUnsafeMutableBufferPointer { bytes in
            unsafe source.withUnsafeBufferPointer { source in
                precondition(source.count <= bytes.count)
                _ = unsafe bytes.update(fromContentsOf: source)
            }
        }
    }
}

// Names are bytes. These conversions lose none, whatever the encoding.
extension FilePath {
    /// A path of these bytes; a NUL byte ends it.
    package init(bytes: some Sequence<UInt8>) {
        self.init(bytes: Array(bytes))
    }

    /// The path of these bytes; a NUL byte ends it.
    //
    // Without a generic call for each byte, because every name that a program asks for passes here.
    public init(bytes: [UInt8]) {
        let text = bytes + CollectionOfOne(0)
        self = unsafe text.withUnsafeBytes { text in
            let characters = unsafe text.assumingMemoryBound(to: CChar.self)
            guard let start = characters.baseAddress else { return FilePath() }
            return unsafe FilePath(platformString: start)
        }
    }

    /// The path's bytes without the closing NUL.
    public var bytes: [UInt8] {
        unsafe withPlatformString { start in
            let text = unsafe UnsafeRawBufferPointer(start: start, count: strlen(start))
            return unsafe Array(text)
        }
    }
}
