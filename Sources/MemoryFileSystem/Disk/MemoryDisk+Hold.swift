import Dispatch
public import IOStack
import SystemPackage

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

/// The file system's side: objects hold bytes, handles refer to objects as descriptors do.
extension MemoryDisk {
    func makeObject() -> Int {
        state.withLock { state in
            let object = state.nextObject
            state.nextObject += 1
            state.objects[object] = []
            return object
        }
    }

    func removeObject(_ object: Int) {
        state.withLock { $0.objects[object] = nil }
    }

    /// A read or write through a closed handle fails with EBADF. So a request that outlives its
    /// file object shows.
    func openHandle(to object: Int, appends: Bool) -> StorageHandle {
        state.withLock { state in
            let handle = StorageHandle(rawValue: state.nextHandle)
            state.nextHandle += 1
            state.handles[handle] = Handle(object: object, appends: appends)
            return handle
        }
    }

    func closeHandle(_ handle: StorageHandle) {
        state.withLock { $0.handles[handle] = nil }
    }

    func size(of object: Int) -> Int {
        state.withLock { $0.objects[object, default: []].count }
    }

    func resize(_ object: Int, to size: UInt64) throws(IOFailure) {
        guard size <= UInt64(Self.largestObject) else { throw IOFailure(errno: .fileTooLarge) }
        state.withLock { $0.resize(object, to: Int(size)) }
    }

    /// Lends all bytes of an object for a change.
    func edit(_ object: Int, _ body: (inout [UInt8]) -> Void) {
        state.withLock { body(&$0.objects[object, default: []]) }
    }

    /// Open handles: 0 if every file object is closed and gone.
    public var openHandles: Int { state.withLock { $0.handles.count } }

    /// Bytes of all objects.
    public var usedBytes: Int {
        state.withLock { $0.objects.values.reduce(0) { $0 + $1.count } }
    }

    /// The bytes behind a handle, as they lie on the disk.
    public func bytes(of handle: StorageHandle) -> [UInt8]? {
        state.withLock { state in
            state.handles[handle].flatMap { state.objects[$0.object] }
        }
    }
}
