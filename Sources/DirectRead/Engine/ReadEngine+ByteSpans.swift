extension ReadEngine {
    /// Calls `body` with the first `count` bytes of a free slot's buffer.
    @inlinable
    public func withByteSpan<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let start = unsafe address(ofSlot: slot).assumingMemoryBound(to: UInt8.self)
        return try unsafe body(Span(_unsafeStart: start, count: count))
    }

    /// Calls `body` with the first `count` bytes of a free slot's buffer, to change them in place.
    @inlinable
    public func withMutableByteSpan<R: ~Copyable, E: Error>(
        of slot: Int, count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let start = unsafe address(ofSlot: slot).assumingMemoryBound(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeStart: start, count: count)
        return try body(&span)
    }
}
