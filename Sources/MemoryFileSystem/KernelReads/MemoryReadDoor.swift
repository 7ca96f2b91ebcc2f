internal import BypassIOProtocol
import Dispatch
public import IOStack

/// A kernel that reads files of a file system in memory by itself, as a test tells it to.
///
/// Usable from any thread. Lock order: its lock is a leaf; questions are asked outside of it.
public final class MemoryReadDoor: KernelReadDoor {
    public let storage: StorageHandle
    public let isRevocable: Bool
    private let ask: @Sendable (KernelRead) -> IOFailure?

    private struct State {
        var isClosed = false
        var inFlight = 0
        /// Drains that wait for the reads in flight.
        var waiting: [DispatchSemaphore] = []
        var expectations: UInt64 = 0
        var closings = 0
    }
    private let state = Guarded(State())

    init(
        storage: StorageHandle, isRevocable: Bool,
        ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) {
        self.storage = storage
        self.isRevocable = isRevocable
        self.ask = ask
    }

    public var isClosed: Bool { state.withLock { $0.isClosed } }
    /// How often the gate was put in the way.
    public var closings: Int { state.withLock { $0.closings } }

    /// Carries a read as the kernel does. At a closed gate it asks; a thread that closes an open
    /// gate waits for it. `body` stands for the transfer. Returns whether it had to ask; throws the
    /// failure if it was refused.
    @discardableResult
    public func carry(
        at offset: UInt64 = 0, length: Int = 4096, thread: UInt32 = 1, _ body: () -> Void = {}
    ) throws(IOFailure) -> Bool {
        let passes = state.withLock { state in
            if !state.isClosed { state.inFlight += 1 }
            return !state.isClosed
        }
        guard passes else {
            if let failure = ask(KernelRead(offset: offset, length: length, thread: thread)) {
                throw failure
            }
            body()
            return true
        }
        body()
        let woken = state.withLock { state -> [DispatchSemaphore] in
            state.inFlight -= 1
            guard state.inFlight == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        woken.forEach { $0.signal() }
        return false
    }

    // MARK: KernelReadDoor

    public func close() throws(IOFailure) {
        guard isRevocable else { throw IOFailure(.notSupported) }
        state.withLock { state in
            state.isClosed = true
            state.closings += 1
        }
    }

    public func drain(with others: [any KernelReadDoor]) {
        let drained = DispatchSemaphore(value: 0)
        let mustWait = state.withLock { state in
            guard state.isClosed, state.inFlight > 0 else { return false }
            state.waiting.append(drained)
            return true
        }
        if mustWait { drained.wait() }
        for other in others { other.drain(with: []) }
    }

    public func open() {
        let woken = state.withLock { state in
            state.isClosed = false
            defer { state.waiting = [] }
            return state.waiting
        }
        woken.forEach { $0.signal() }
    }

    public func expectOpen(by thread: UInt32) -> ExpectedOpen {
        state.withLock { state in
            state.expectations += 1
            return ExpectedOpen(thread: thread, number: state.expectations)
        }
    }

    public func callOff(_ open: ExpectedOpen) {}
}

/// A weak reference to a door.
struct WeakReadDoor: Sendable {
    private(set) weak var door: MemoryReadDoor?

    init(door: MemoryReadDoor) {
        self.door = door
    }
}
