internal import DirectRead
public import IOStack
internal import SystemPackage

/// Page-aligned memory for reads and writes past the cache.
public final class HostBuffer: IOBuffer {
    private let memory: AlignedBuffer

    /// Bytes that may be used.
    public let capacity: Int

    /// Maps the pages. Throws `EINVAL` for a negative capacity, `ENOMEM`.
    public init(capacity: Int) throws(IOFailure) {
        do throws(Errno) {
            memory = try AlignedBuffer(capacity: capacity)
        } catch {
            throw IOFailure(errno: error)
        }
        self.capacity = capacity
    }

    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try memory.withBytes(count, body)
    }

    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try memory.withMutableBytes(count, body)
    }
}
