extension FileObject {
    /// Enters the gates for a read that the caller carries by himself, with whatever mechanism he
    /// has; nil, and nothing counted, if ``read(at:length:into:requestor:)`` has to carry it:
    /// bypass is not in force for the whole stack, or the storage has no descriptor to read from.
    ///
    /// After it nobody but the storage may be waited for before ``endStorageRead()``, which must
    /// follow once: pauses, a DISABLE and the file's close wait for it, and one of these may have
    /// been sent from the caller's own thread. No lock, no allocation. Any thread may end it.
    public func beginStorageRead(at offset: UInt64, length: Int) -> StorageRead? {
        guard length >= 0, offset <= UInt64(Int64.max), access.contains(.read), handle.mayBypass,
            isNonCached, (offset | UInt64(truncatingIfNeeded: length)) & misalignmentMask == 0,
            let storage, let descriptor = storageDriver.hostDescriptor(of: storage)
        else { return nil }
        // A refusal is counted by the read that follows.
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

/// A read past filters and volume drivers that is in its gates and that somebody carries on his
/// own:
/// ``FileObject/beginStorageRead(at:length:)`` makes it.
@frozen
public struct StorageRead: Hashable, Sendable {
    /// A descriptor of the host, open until the read has ended.
    public let descriptor: Int32
    /// In the descriptor's file, in bytes.
    public let offset: UInt64
    public let length: Int

    @inlinable
    public init(descriptor: Int32, offset: UInt64, length: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
    }
}
