extension FileIndex {
    /// The index as a plain number, for those who carry it through an interface of their own.
    @inlinable
    public var carriedNumber: Int32 { rawValue }

    /// The index that a number of ``carriedNumber`` stands for.
    @inlinable
    public init(carriedNumber: Int32) {
        rawValue = carriedNumber
    }
}
