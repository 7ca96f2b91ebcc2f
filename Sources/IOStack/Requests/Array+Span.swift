extension Array where Element == UInt8 {
    /// The bytes of a span as an array, in one copy.
    public init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { bytes in unsafe Array(bytes) }
    }
}
