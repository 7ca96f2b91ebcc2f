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
