internal import Locks
internal import Synchronization
public import SystemPackage

/// One descriptor of /dev/fuse as a way for requests. Allocates nothing per message.
///
/// It is the channel of one thread: requests read from it must be answered on it. Where the kernel
/// gives no further descriptors, several threads share it; read(2) hands each request to one.
public final class DeviceChannel: Channel {
    private let device: FUSEDevice
    private let ending: Ending
    package let ledger: RequestLedger?

    /// How the descriptors of one connection end. Shared by them all.
    private final class Ending: Sendable {
        /// What a thread does that comes for a request: ``Turn``. Set before the threads that sleep
        /// in ``receive(into:)`` are woken up.
        ///
        /// Release and acquire: a thread that sees the end also sees all that was done before the
        /// connection was given up.
        let turn = Atomic<UInt8>(Turn.receives.rawValue)
        /// Threads that rest, because the session is halted.
        let rest = Monitor(Rest())
        /// Kept from the beginning, so that no free descriptor is needed to end.
        let deadEnd: FUSEDevice

        init() throws(Errno) {
            deadEnd = try FUSEDevice.deadEnd()
        }

        /// Sleeps while the session is halted.
        func waitForTurn() {
            let turn = turn.load(ordering: .acquiring)
            guard turn == Turn.rests.rawValue || turn == Turn.isSealed.rawValue else { return }
            rest.withLock { $0.threads += 1 }
            rest.wait(until: { !$0.isOn }, then: { $0.threads -= 1 })
        }

        /// Sleeps while no reply may leave.
        func waitUntilUnsealed() { rest.wait(until: { !$0.isSealed }, then: { _ in }) }
    }

    private enum Turn: UInt8 {
        case receives, rests
        /// As `rests`, and replies stay here.
        case isSealed
        case leaves
    }

    private struct Rest {
        var isOn = false
        var isSealed = false
        var threads = 0
    }

    /// Throws `EMFILE`, `ENFILE`: a further descriptor is needed.
    init(_ device: consuming FUSEDevice, _ ledger: RequestLedger? = nil) throws(Errno) {
        self.device = device
        self.ledger = ledger
        ending = try Ending()
    }

    private init(_ device: consuming FUSEDevice, _ ending: Ending, _ ledger: RequestLedger?) {
        self.device = device
        self.ending = ending
        self.ledger = ledger
    }

    /// A further descriptor of the same connection, which a file system is mounted of. Requests
    /// read from it are answered on it, so that answers do not contend.
    func clone() throws(Errno) -> DeviceChannel {
        DeviceChannel(try device.clone(waits: true), ending, ledger)
    }

    /// As ``clone()``, for ``receiveAvailable(into:)`` alone.
    func cloneForAvailable() throws(Errno) -> DeviceChannel {
        DeviceChannel(try device.clone(waits: false), ending, ledger)
    }

    /// As ``receive(into:)``, without waiting, on a channel of ``cloneForAvailable()``; 0 when no
    /// request is there.
    func receiveAvailable(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        while true {
            switch turn {
            case .receives: break
            case .rests, .isSealed: return 0
            case .leaves: throw .connectionAbort
            }
            let length = device.read(into: &message)
            if length >= 0 {
                ledger?.came(message.span.extracting(first: length))
                return length
            }
            let error = Errno(rawValue: Int32(truncatingIfNeeded: -length))
            switch error {
            case .resourceTemporarilyUnavailable: return 0
            case .interrupted, .noSuchFileOrDirectory, .noMemory: continue
            default: throw error
            }
        }
    }

    /// Every channel of the connection throws `ECONNABORTED` from its next
    /// ``receive(into:)`` on. Threads that sleep in it must be interrupted.
    func end() {
        ending.rest.withLock { rest in
            ending.turn.store(Turn.leaves.rawValue, ordering: .releasing)
            rest.isOn = false
            rest.isSealed = false
        }
    }

    var isOver: Bool { turn == .leaves }

    private var turn: Turn { Turn(rawValue: ending.turn.load(ordering: .acquiring)) ?? .leaves }

    // MARK: A halt

    /// Every channel of the connection lets its thread rest from its next ``receive(into:)`` on.
    /// Threads that sleep in it must be interrupted. Does nothing after ``end()``.
    func halt() {
        ending.rest.withLock { rest in
            guard turn == .receives else { return }
            rest.isOn = true
            ending.turn.store(Turn.rests.rawValue, ordering: .releasing)
        }
    }

    /// Threads that rest receive again.
    func goOn() {
        ending.rest.withLock { rest in
            guard turn == .rests || turn == .isSealed else { return }
            ending.turn.store(Turn.receives.rawValue, ordering: .releasing)
            rest.isOn = false
            rest.isSealed = false
        }
    }

    /// During a halt: from now on a thread that sends a reply sleeps until ``unseal()``,
    /// ``goOn()`` or ``end()``. If this process ends before, the kernel never gets the reply, and
    /// another process may give its own.
    func seal() { setSealed(true) }
    func unseal() { setSealed(false) }

    private func setSealed(_ isSealed: Bool) {
        ending.rest.withLock { rest in
            guard turn == (isSealed ? .rests : .isSealed) else { return }
            ending.turn.store(
                isSealed ? Turn.isSealed.rawValue : Turn.rests.rawValue, ordering: .releasing)
            rest.isSealed = isSealed
        }
    }

    /// Threads that rest now, of every channel of the connection.
    var restingThreads: Int { ending.rest.withLock { $0.isOn ? $0.threads : 0 } }

    /// Gives the descriptor back to the kernel, which ends the connection when it has the last.
    /// Later replies are refused with `EBADF`. Call ``end()`` first. A thread that sleeps in
    /// ``receive(into:)`` keeps the descriptor until it is interrupted.
    func disconnect() {
        device.stand(for: ending.deadEnd)
    }

    package var descriptor: Int32 { device.descriptor }

    func requestSynchronousInit() throws(Errno) {
        try device.requestSynchronousInit()
    }

    public func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 {
        try device.openBacking(descriptor)
    }

    public func closeBacking(_ number: Int32) { device.closeBacking(number) }

    public func storageFailed(_ error: Errno) { ledger?.storageFailed(error) }

    public func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        while true {
            switch turn {
            case .receives: break
            case .rests, .isSealed:
                ending.waitForTurn()
                continue
            case .leaves: throw .connectionAbort
            }
            let length = device.read(into: &message)
            if length >= 0 {
                ledger?.came(message.span.extracting(first: length))
                return length
            }
            let error = Errno(rawValue: Int32(truncatingIfNeeded: -length))
            switch error {
            // ENOENT: the request was taken back while it was being copied. ENOMEM: there was no
            // memory to copy it, and its caller has EIO.
            case .interrupted, .resourceTemporarilyUnavailable, .noSuchFileOrDirectory,
                .noMemory:
                continue
            default: throw error
            }
        }
    }

    public func send(_ message: Span<UInt8>) throws(Errno) {
        if turn == .isSealed, !message.isNotification { ending.waitUntilUnsealed() }
        while true {
            let length = device.write(message)
            if length >= 0 {
                ledger?.replied(message, nil)
                return
            }
            let error = Errno(rawValue: Int32(truncatingIfNeeded: -length))
            guard error == .interrupted else {
                ledger?.replied(message, error)
                throw error
            }
        }
    }
}

extension Span where Element == UInt8 {
    /// A message that answers no request: its number is 0 (struct fuse_out_header, byte 8 on).
    fileprivate var isNotification: Bool {
        guard count >= 16 else { return true }
        for index in 8..<16 where self[index] != 0 { return false }
        return true
    }
}
