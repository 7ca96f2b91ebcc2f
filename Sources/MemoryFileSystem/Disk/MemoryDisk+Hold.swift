import Dispatch
public import IOStack

/// A read that waits for the test.
struct HeldRead: Sendable {
    let extent: StorageExtent
    /// Lets it finish. Called on the releasing thread without any lock of the disk.
    let release: @Sendable () -> Void
}

/// Reads in flight, under the test's control.
extension MemoryDisk {
    /// From now on every read that reaches the disk stays in flight until it is released.
    public func holdReads() {
        state.withLock { $0.isHolding = true }
    }

    /// Releases every held read and holds none any more.
    public func stopHoldingReads() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for read in held { read.release() }
    }

    /// Reads held at the moment.
    public var heldReads: [StorageExtent] { state.withLock { $0.held.map(\.extent) } }

    /// Releases up to `count` held reads, the oldest first; later reads are still held.
    public func releaseOldest(_ count: Int = 1) {
        release { state in
            let released = state.held.prefix(count)
            state.held.removeFirst(released.count)
            return Array(released)
        }
    }

    /// Releases up to `count` held reads, the newest first; later reads are still held.
    public func releaseNewest(_ count: Int = 1) {
        release { state in
            let released = state.held.suffix(count).reversed()
            state.held.removeLast(released.count)
            return Array(released)
        }
    }

    /// Sleeps until at least `count` reads are held; false if that took longer than `seconds`.
    public func waitForHeldReads(_ count: Int, seconds: Int = 20) -> Bool {
        let arrived = DispatchSemaphore(value: 0)
        let isThere = state.withLock { state in
            if state.held.count >= count { return true }
            state.waiters.append((count, arrived))
            return false
        }
        return isThere || arrived.wait(timeout: .now() + .seconds(seconds)) == .success
    }

    private func release(_ choose: @Sendable (inout State) -> [HeldRead]) {
        for read in state.withLock({ choose(&$0) }) { read.release() }
    }

    /// Counts a read in. Returns true if it may finish at once; otherwise `release` is called when
    /// the test lets it.
    func admit(_ extent: StorageExtent, release: @escaping @Sendable () -> Void) -> Bool {
        readObserver?.began(extent)
        return state.withLock { state in
            state.reads.append(extent)
            guard state.isHolding else { return true }
            state.held.append(HeldRead(extent: extent, release: release))
            let count = state.held.count
            state.waiters.removeAll { waiter in
                guard count >= waiter.count else { return false }
                waiter.arrived.signal()
                return true
            }
            return false
        }
    }
}
