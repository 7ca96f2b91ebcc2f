import Dispatch
import IOStack
import SystemPackage

/// The disk's engine for one thread. Reads finish in ``MemoryDisk/completionOrder``, held reads
/// when the test releases them. Unlike a real engine it allocates.
final class MemoryReadEngine: StorageReadEngine {
    /// Slots that may finish. This thread puts them there, or the thread that releases a held read.
    ///
    /// Lock order: a leaf.
    final class Inbox: Sendable {
        struct Content {
            var ready: [Int] = []
            var isWoken = false
            var sleeper: DispatchSemaphore?
        }
        let content = Guarded(Content())

        func post(_ slot: Int) {
            content.withLock { content in
                content.ready.append(slot)
                content.sleeper?.signal()
            }
        }

        func wake() {
            content.withLock { content in
                content.isWoken = true
                content.sleeper?.signal()
            }
        }

        func take(_ order: MemoryDisk.CompletionOrder) -> Int? {
            content.withLock { content in
                guard !content.ready.isEmpty else { return nil }
                return order == .firstInFirstOut
                    ? content.ready.removeFirst() : content.ready.removeLast()
            }
        }

        /// Sleeps until `minimum` slots are ready or, if `wakeable`, a thread woke this inbox.
        func wait(for minimum: Int, wakeable: Bool) {
            let sleeper = DispatchSemaphore(value: 0)
            while true {
                let isDone = content.withLock { content in
                    let isWoken = wakeable && content.isWoken
                    if isWoken { content.isWoken = false }
                    let isDone = isWoken || content.ready.count >= minimum
                    content.sleeper = isDone ? nil : sleeper
                    return isDone
                }
                if isDone { return }
                sleeper.wait()
            }
        }
    }

    private let disk: MemoryDisk
    private let owner = ThreadIdentity.current
    private let inbox = Inbox()
    private let buffers: [HeapBuffer]
    private var started: [(file: Int32, extent: StorageExtent)?]
    private var queued: [Int] = []
    /// Reads started and not yet returned by ``nextCompletion()``.
    private var unfinished = 0
    private var handles: [StorageHandle?] = []
    let slotSize: Int

    init(_ disk: MemoryDisk, depth: Int, slotSize: Int) {
        self.disk = disk
        self.slotSize = slotSize
        buffers = (0..<depth).map { _ in HeapBuffer(capacity: slotSize) }
        started = Array(repeating: nil, count: depth)
    }

    var depth: Int { buffers.count }
    var summary: String { "memory" }
    var isOwnedByCurrentThread: @Sendable () -> Bool {
        { [owner] in ThreadIdentity.current == owner }
    }

    func register(_ handle: StorageHandle) throws(IOFailure) -> Int32 {
        checkThread()
        if let free = handles.firstIndex(of: nil) {
            handles[free] = handle
            return Int32(free)
        }
        handles.append(handle)
        return Int32(handles.count - 1)
    }

    func unregister(_ index: Int32) {
        checkThread()
        precondition(
            !started.contains { $0?.file == index },
            "a file is taken out while a read of it is in flight")
        handles[Int(index)] = nil
    }

    func start(slot: Int, file: Int32, offset: UInt64, length: Int) {
        checkThread()
        precondition(started[slot] == nil, "a slot is started twice")
        precondition(length >= 0 && length <= slotSize)
        let handle = handles[Int(file)] ?? StorageHandle(rawValue: -1)
        started[slot] = (
            file, StorageExtent(handle: handle, offset: offset, length: length)
        )
        queued.append(slot)
        unfinished += 1
    }

    func submit(waitingFor minimum: Int, wakeable: Bool) throws(IOFailure) {
        checkThread()
        precondition(
            wakeable || minimum <= unfinished, "waiting for more reads than are in flight")
        let starting = queued
        queued = []
        for slot in starting {
            guard let extent = started[slot]?.extent else { continue }
            let inbox = self.inbox
            if disk.admit(extent, release: { inbox.post(slot) }) { inbox.post(slot) }
        }
        inbox.wait(for: minimum, wakeable: wakeable)
    }

    func nextCompletion() -> StorageCompletion? {
        checkThread()
        guard let slot = inbox.take(disk.completionOrder), let extent = started[slot]?.extent
        else {
            return nil
        }
        started[slot] = nil
        unfinished -= 1
        do throws(IOFailure) {
            let count = try disk.transfer(extent, into: buffers[slot])
            return StorageCompletion(slot: Int32(slot), result: Int32(count))
        } catch {
            return StorageCompletion(slot: Int32(slot), result: -error.errno.rawValue)
        }
    }

    func close() {
        checkThread()
        started = Array(repeating: nil, count: started.count)
        queued = []
        unfinished = 0
    }

    func buffer(ofSlot slot: Int) -> any IOBuffer { buffers[slot] }

    func withBytes<R, E: Error>(
        ofSlot slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try buffers[slot].withBytes(count, body)
    }

    var wake: @Sendable () -> Void {
        let inbox = self.inbox
        return { inbox.wake() }
    }

    private func checkThread() {
        precondition(isOwnedByCurrentThread(), "an engine belongs to the thread that made it")
    }
}
