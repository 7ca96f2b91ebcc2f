import Synchronization

/// A file object has a handle until ``close()``, and exists until the last request and the last
/// queue let go of it: cleanup and close, as in Windows' object manager.
extension FileObject {
    /// Ends the handle: disables bypass, waits for the stream's bypassed reads, and sends
    /// IRP_MJ_CLEANUP. IRP_MJ_CLOSE follows when nothing refers to the file object any more, at
    /// once or when the last queue or request lets go. A second call does nothing.
    public func close() {
        guard volume.endHandle(self) else { return }
        send(.cleanup)
        handle.setCleanedUp()
        release()
    }

    /// Undoes an open that the file system let through and the post callback of `instance` failed.
    /// Cleanup and close go to the layers below the instance, which saw the open succeed. A filter
    /// may hold the file object already; it is closed when the last holder lets go.
    func undoOpen(below instance: FilterInstance?) {
        guard volume.endHandle(self) else { return }
        if let instance { hide(above: instance) }
        send(.cleanup)
        handle.setCleanedUp()
        release()
    }

    func hide(above instance: FilterInstance) { hiddenAbove.withLock { $0 = instance } }

    /// Where a request enters that is sent from below `instance`, or from the top.
    func entrance(below instance: FilterInstance?) -> FilterInstance? {
        guard let hidden = hiddenAbove.current else { return instance }
        guard let instance, instance.altitude < hidden.altitude else { return hidden }
        return instance
    }

    /// Counts a request or a queue in; false once the handle is gone, or, for a request that
    /// `instance` sends, once the cleanup is over. The count never rises from zero, so a close is
    /// sent once.
    func retain(for instance: FilterInstance? = nil) -> Bool {
        references.addUnlessZero { instance == nil ? handle.isClosed : handle.isCleanedUp }
    }

    /// By the rule for a request that a filter sends.
    func retainUntilCleanedUp() -> Bool { references.addUnlessZero { handle.isCleanedUp } }

    func release() {
        let left = references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        assert(left >= 0)
        guard left == 0 else { return }
        volume.countOutCachedUses(of: self)
        // First: once the file system lets go, its number may stand for another file.
        let isLast = volume.closeStream(of: self)
        send(.close)
        _ = hiddenAbove.take()
        forgetContexts()
        // A detach finds only the contexts of open streams.
        if isLast { stream.contexts.removeAll { _ in true } }
    }

    private func send(_ parameters: IOParameters) {
        guard volume.carries(parameters.majorFunction) else {
            // Neither a cleanup nor a close fails.
            _ = try? volume.perform(parameters, on: self, buffer: nil, for: requestor)
            return
        }
        SpareRequest.with(parameters, fileObject: self, requestor: requestor) { data in
            volume.carry(data, below: entrance(below: nil))
        }
    }

    func forgetContexts() {
        let me = ObjectIdentifier(self)
        stream.contexts.removeAll { $0.fileObject == me }
    }
}
