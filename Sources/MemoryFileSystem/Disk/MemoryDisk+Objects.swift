public import IOStack
import SystemPackage

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
