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
