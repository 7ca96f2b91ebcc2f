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
        /// Set once, before the threads that sleep in ``receive(into:)`` are woken up.
        ///
        /// Release and acquire: a thread that sees it also sees all that was done before the
        /// connection was given up.
        let isOver = Atomic<Bool>(false)
        /// Kept from the beginning, so that no free descriptor is needed to end.
        let deadEnd: FUSEDevice

        init() throws(Errno) {
            deadEnd = try FUSEDevice.deadEnd()
        }
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
            if isOver { throw .connectionAbort }
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
        ending.isOver.store(true, ordering: .releasing)
    }

    var isOver: Bool { ending.isOver.load(ordering: .acquiring) }

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

    public func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        while true {
            if isOver { throw .connectionAbort }
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
