public import SystemPackage

/// A ring's reference to a file: a place in the kernel's table of registered files, or a plain
/// descriptor if there is no table or it is full.
///
/// Valid only for the ring or engine that returned it, from `register` to `unregister`.
@frozen
public struct FileIndex: Hashable, Sendable {
    // A table index if positive or zero, otherwise the complement of a descriptor: one register.
    @usableFromInline
    let rawValue: Int32

    @inlinable
    package init(tableIndex: UInt32) {
        rawValue = Int32(tableIndex)
    }

    @inlinable
    package init(descriptor: FileDescriptor) {
        rawValue = ~descriptor.rawValue
    }

    /// Whether the kernel holds the file in the engine's table, which spares each read the look-up
    /// of the descriptor and its reference count.
    @inlinable
    public var isRegistered: Bool { rawValue >= 0 }

    /// The table index or the descriptor, for a submission entry or `pread`.
    @inlinable
    package var number: Int32 { isRegistered ? rawValue : ~rawValue }

    /// The index as a plain number, for interfaces of other layers.
    @inlinable
    public var carriedNumber: Int32 { rawValue }

    /// The index of a ``carriedNumber``.
    @inlinable
    public init(carriedNumber: Int32) {
        rawValue = carriedNumber
    }
}
