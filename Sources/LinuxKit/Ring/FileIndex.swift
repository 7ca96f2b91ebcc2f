public import SystemPackage

/// A file as a ring knows it: a place in the kernel's table of registered files, or a plain
/// descriptor where there is no table or it is full.
///
/// Valid only for the ring or engine that returned it, from `register` to `unregister`.
@frozen
public struct FileIndex: Hashable, Sendable {
    // A table index when positive or zero, else the complement of a descriptor: one register.
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

    /// Whether the kernel holds the file in the engine's table, which spares the look-up of the
    /// descriptor and its reference count on every read.
    @inlinable
    public var isRegistered: Bool { rawValue >= 0 }

    /// What a submission entry or `pread` takes: the table index or the descriptor.
    @inlinable
    package var number: Int32 { isRegistered ? rawValue : ~rawValue }

    /// The index as a plain number, for those who carry it through an interface of their own.
    @inlinable
    public var carriedNumber: Int32 { rawValue }

    /// The index that a number of ``carriedNumber`` stands for.
    @inlinable
    public init(carriedNumber: Int32) {
        rawValue = carriedNumber
    }
}
