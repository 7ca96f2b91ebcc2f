extension FileObject {
    /// Enters the gates for a read that the caller carries itself, by whatever mechanism. Returns
    /// nil and counts nothing if ``read(at:length:into:requestor:)`` has to carry it: the whole
    /// stack cannot be bypassed, or the storage has no descriptor to read from.
    ///
    /// ``endStorageRead()`` must follow once. Until then the caller may wait for nothing but the
    /// storage: pauses, a DISABLE and the file's close wait for this read, and may come from the
    /// caller's own thread. No lock, no allocation. Any thread may end it.
    public func beginStorageRead(at offset: UInt64, length: Int) -> StorageRead? {
        guard length >= 0, offset <= UInt64(Int64.max), access.contains(.read), handle.mayBypass,
            isNonCached, (offset | UInt64(truncatingIfNeeded: length)) & misalignmentMask == 0,
            let storage, let descriptor = storageDriver.hostDescriptor(of: storage)
        else { return nil }
        // The read that follows counts the refusal.
        guard case .entered(let route) = volume.bypass.enter(handle, stream.bypass) else {
            return nil
        }
        guard route == .fullBypass else {
            leaveBypass(route)
            return nil
        }
        counters.count(route)
        return StorageRead(descriptor: descriptor, offset: offset, length: length)
    }

    /// The bytes are there, or the read failed.
    public func endStorageRead() {
        leaveBypass(.fullBypass)
    }
}

/// A read past filters and volume drivers that is inside its gates and that the caller carries
/// itself. ``FileObject/beginStorageRead(at:length:)`` makes it.
@frozen
public struct StorageRead: Hashable, Sendable {
    /// A descriptor of the host, open until the read has ended.
    public let descriptor: Int32
    /// In bytes, in the descriptor's file.
    public let offset: UInt64
    public let length: Int

    @inlinable
    public init(descriptor: Int32, offset: UInt64, length: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
    }
}
