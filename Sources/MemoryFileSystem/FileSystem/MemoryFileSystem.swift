import BypassIOProtocol
import Dispatch
public import IOStack
public import SystemPackage

/// A file system in memory, for tests of the stack and of filters.
///
/// A real tree with the semantics of POSIX, but without permission checks: a requestor owns the
/// files that it makes and may do everything. Names are UTF-8. Its clock counts changes, so times
/// are the same in every run. The test sets the attributes that decide about BypassIO.
///
/// Usable from any thread. Lock order: the tree → the disk's locks.
public final class MemoryFileSystem: FileSystemDriver {
    public let name: String
    public let disk: MemoryDisk

    struct State {
        var tree: MemoryTree
        var bypassVeto: StorageVeto?
        /// Whether kernel reads can be stopped; nil: no kernel reads its files.
        var kernelReadsAreRevocable: Bool?
        /// The door of each file, as long as a program may use it.
        var readDoors: [FileID: WeakReadDoor] = [:]
        /// Creates, cleanups and closes that reached the file system.
        var creates = 0
        var cleanups = 0
        var closes = 0
        var flushes = 0
        /// Threads that wait for a lock.
        var lockWaiters: [DispatchSemaphore] = []
    }
    let state: Guarded<State>

    public init(on disk: MemoryDisk, name: String = "memfs") {
        self.disk = disk
        self.name = name
        state = Guarded(State(tree: MemoryTree(disk: disk)))
    }

    // MARK: What a test sets and counts

    /// Sets the attributes of a file, for the next ENABLE and QUERY. A file with bypass in force
    /// stays unchanged; see `Volume.suspendBypass(of:because:)`.
    ///
    /// `FileAttributes.resident` does not veto: it suspends (spec 4.6).
    public func setAttributes(_ attributes: FileAttributes, at path: FilePath) throws(IOFailure) {
        try state.withLock { state throws(IOFailure) in
            let place = try state.tree.walk(path, from: MemoryTree.root, followLast: false)
            guard let number = place.node else { throw IOFailure(.objectNameNotFound) }
            state.tree.nodes[number]?.attributes = attributes
        }
    }

    /// A veto of the file system beyond those of spec 6.1.
    public var bypassVeto: StorageVeto? {
        get { state.withLock { $0.bypassVeto } }
        set { state.withLock { $0.bypassVeto = newValue } }
    }

    /// Lets a kernel of the test's making read files by itself. The value says whether its reads
    /// can be stopped. nil, the initial value, allows no kernel reads.
    public var kernelReadsAreRevocable: Bool? {
        get { state.withLock { $0.kernelReadsAreRevocable } }
        set { state.withLock { $0.kernelReadsAreRevocable = newValue } }
    }

    /// The door of a file, while it exists.
    public func readDoor(of id: FileID) -> MemoryReadDoor? {
        state.withLock { $0.readDoors[id]?.door }
    }

    public func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor {
        guard let isRevocable = kernelReadsAreRevocable, let storage = file.storage else {
            throw StorageVeto(.notSupported, reason: "No kernel reads files in memory.")
        }
        let door = MemoryReadDoor(storage: storage, isRevocable: isRevocable, ask: ask)
        state.withLock { $0.readDoors[file.stream.id] = WeakReadDoor(door: door) }
        return door
    }

    /// Requests that reached the file system.
    public var requestCounts: (creates: Int, cleanups: Int, closes: Int, flushes: Int) {
        state.withLock { ($0.creates, $0.cleanups, $0.closes, $0.flushes) }
    }

    /// Files of any kind that exist, the root included.
    public var fileCount: Int { state.withLock { $0.tree.nodes.count } }

    // MARK: Files

    public var opensByID: Bool { true }

    public func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> OpenedFile {
        var parameters = parameters
        var start = try parameters.directory.map { file throws(IOFailure) in
            guard let number = number(of: file) else { throw IOFailure(.notSameDevice) }
            return number
        }
        if let id = parameters.fileID {
            (start, parameters.path, parameters.disposition) = (id.inode, "", .open)
        }
        return try state.withLock { state throws(IOFailure) in
            state.creates += 1
            if let id = parameters.fileID, state.tree.nodes[id.inode] == nil {
                throw IOFailure(errno: .staleNFSFileHandle)
            }
            let (number, wasCreated) = try state.tree.open(
                parameters, from: start ?? MemoryTree.root, for: requestor)
            let node = try state.tree.node(number)
            let options = parameters.options
            let handle =
                options.contains(.attributesOnly)
                ? nil
                : node.object.map { disk.openHandle(to: $0, appends: options.contains(.append)) }
            var opened = OpenedFile(
                id: FileID(device: MemoryTree.device, inode: number), kind: node.streamKind,
                birthTime: node.birthTime, storage: handle,
                offsetAlignment: options.contains(.nonCached) ? disk.offsetAlignment : 1,
                wasCreated: wasCreated,
                context: MemoryOpen(self, number: number, handle: handle))
            opened.linkCount = node.linkCount
            return opened
        }
    }

    public func cleanup(_ file: FileObject) {
        state.withLock { $0.cleanups += 1 }
        guard let open = file.context as? MemoryOpen else { return }
        dropLocks(of: ObjectIdentifier(open), on: open.number)
    }

    public func close(_ file: FileObject) {
        state.withLock { $0.closes += 1 }
        (file.context as? MemoryOpen)?.release()
    }

    func release(_ number: UInt64, _ handle: StorageHandle?, owner: ObjectIdentifier) {
        if let handle { disk.closeHandle(handle) }
        dropLocks(of: owner, on: number)
        state.withLock { $0.tree.countOut(number) }
    }

    private func number(of file: FileObject) -> UInt64? {
        guard let open = file.context as? MemoryOpen, open.fileSystem === self else { return nil }
        return open.number
    }

    private func required(_ file: FileObject) throws(IOFailure) -> UInt64 {
        guard let number = number(of: file) else { throw IOFailure(.invalidHandle) }
        return number
    }

    // MARK: Information

    public func information(of file: FileObject) throws(IOFailure) -> FileInformation {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            try state.tree.information(number)
        }
    }

    public func status(of file: FileObject) throws(IOFailure) -> FileInformation {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            try state.tree.status(number)
        }
    }

    public func status(
        of name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) -> FileInformation {
        let number = try required(directory)
        guard name.kind == .regular else { throw IOFailure(.invalidParameter) }
        return try state.withLock { state throws(IOFailure) in
            let place = try state.tree.walk(
                FilePath(root: nil, components: name), from: number, followLast: false)
            guard let found = place.node else { throw IOFailure(.objectNameNotFound) }
            return try state.tree.status(found)
        }
    }

    public func path(of file: FileObject) throws(IOFailure) -> String {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            try state.tree.path(of: number, openedAs: FilePath(file.openedPath))
        }
    }

    public func linkTarget(of file: FileObject) throws(IOFailure) -> [UInt8] {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            guard let target = try state.tree.node(number).target else {
                throw IOFailure(.invalidParameter)
            }
            return target
        }
    }

    public func nextData(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            _ = try state.tree.size(number, beyond: offset)
            return offset
        }
    }

    public func nextHole(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            try state.tree.size(number, beyond: offset)
        }
    }

    public func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure) {
        let number = try required(file)
        try state.withLock { state throws(IOFailure) in
            try state.tree.apply(change, to: number) { self.number(of: $0) }
        }
        followResidency(of: file)
    }

    public func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool
    ) throws(IOFailure) -> [DirectoryEntry] {
        let number = try required(directory)
        return try state.withLock { state throws(IOFailure) in
            var entries = try state.tree.entries(of: number, after: cookie, limit: limit)
            guard withInformation else { return entries }
            for index in entries.indices where entries[index].id.inode != number {
                entries[index].information = try? state.tree.status(entries[index].id.inode)
            }
            return entries
        }
    }

    public func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure) {
        state.withLock { $0.flushes += 1 }
    }

    // MARK: Locks

    public func lock(_ file: FileObject, _ lock: FileLock) throws(IOFailure) -> FileLock? {
        guard let open = file.context as? MemoryOpen, open.fileSystem === self else {
            throw IOFailure(.invalidHandle)
        }
        let owner = ObjectIdentifier(open)
        let freed = DispatchSemaphore(value: 0)
        while true {
            let answer = try state.withLock { state throws(IOFailure) in
                let answer = try state.tree.lock(lock, on: open.number, by: owner)
                if case .blocked = answer, lock.action == .wait { state.lockWaiters.append(freed) }
                if case .done = answer { state.wakeLockWaiters() }
                return answer
            }
            if case .done(let inTheWay) = answer { return inTheWay }
            guard lock.action == .wait else { throw IOFailure(.lockNotGranted) }
            freed.wait()
        }
    }

    private func dropLocks(of owner: ObjectIdentifier, on number: UInt64) {
        state.withLock { state in
            state.tree.dropLocks(of: owner, on: number)
            state.wakeLockWaiters()
        }
    }

    // MARK: Extended attributes

    public func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]] {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            try state.tree.node(number).extendedAttributes.keys
                .sorted { $0.lexicographicallyPrecedes($1) }
        }
    }

    public func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8] {
        let number = try required(file)
        return try state.withLock { state throws(IOFailure) in
            guard let value = try state.tree.node(number).extendedAttributes[name] else {
                throw IOFailure(errno: .noData)
            }
            return value
        }
    }

    public func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure) {
        let number = try required(file)
        try state.withLock { state throws(IOFailure) in
            try state.tree.changeAttribute(name, of: number, change)
        }
    }

    // MARK: The volume

    public func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation {
        let total: UInt64 = 1 << 20
        let used = UInt64(disk.usedBytes + 4095) / 4096
        let files = UInt64(fileCount)
        return VolumeInformation(
            blockSize: 4096, totalBlocks: total, freeBlocks: total - min(used, total),
            availableBlocks: total - min(used, total), totalFiles: total,
            freeFiles: total - min(files, total), maximumNameLength: UInt32(MemoryTree.nameLimit))
    }

    public func bypassVeto(for file: FileObject) -> StorageVeto? {
        followResidency(of: file)
        return bypassVeto
    }

    /// Spec 4.6: a bypassed read would not find the data of a resident file.
    private func followResidency(of file: FileObject) {
        guard let number = number(of: file), file.stream.kind == .file else { return }
        let isResident = state.withLock {
            $0.tree.nodes[number]?.attributes.contains(.resident) ?? false
        }
        guard file.stream.suspensions.contains(.resident) != isResident else { return }
        if isResident {
            file.volume.suspendBypass(of: file.stream, because: .resident)
        } else {
            file.volume.endSuspension(of: file.stream, because: .resident)
        }
    }
}

extension MemoryFileSystem.State {
    mutating func wakeLockWaiters() {
        for waiter in lockWaiters { waiter.signal() }
        lockWaiters = []
    }
}
