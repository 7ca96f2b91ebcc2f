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

extension FileObject {
    /// When the way that this file object's reads take last changed, and why.
    ///
    /// - Parameters:
    ///   - opened: when it was opened, by ``LayerClock``.
    ///   - isByKernel: the kernel reads for it, by itself or after it has asked.
    public func lastRouteChange(openedAt opened: UInt64, isByKernel: Bool = false) -> RouteChange {
        if isByKernel {
            guard let last = stream.kernelReads.current?.lastMove, last.moment > opened else {
                return RouteChange(.opened, at: opened)
            }
            return last
        }
        // Reads through the cache never bypass.
        guard isNonCached else { return RouteChange(.opened, at: opened) }
        var hindrances = [handle.hindrance(openedAt: opened)]
        if let kept = stream.bypass.hindrance(unknown: handle.times.began) {
            hindrances.append(kept)
        }
        if let blocked = volume.bypass.hindrance { hindrances.append(blocked) }
        return RouteChange(opened: opened, hindrances)
    }
}

extension BypassHandle {
    /// No ENABLE.
    fileprivate func hindrance(openedAt opened: UInt64) -> RouteHindrance {
        let disabled = times.ended
        return RouteHindrance(
            began: max(disabled, opened), ended: isEnabled ? times.began : nil,
            beginning: disabled == 0 ? .opened : .disabled, end: .enabled)
    }
}
