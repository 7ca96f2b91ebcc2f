internal import Synchronization
public import SystemPackage

/// One descriptor of /dev/fuse as a way for requests. Allocates nothing per message.
public final class DeviceChannel: Channel {
    private let device: FUSEDevice
    /// Set once, before the threads that wait in ``receive(into:)`` are interrupted: whoever wakes
    /// up sees it. Release and acquire, because nothing else is handed over with it.
    private let isStopped: StopFlag

    /// Shared by the descriptors of one connection.
    final class StopFlag: Sendable {
        let value = Atomic<Bool>(false)
    }

    init(_ device: consuming FUSEDevice, stop: StopFlag = StopFlag()) {
        self.device = device
        isStopped = stop
    }

    /// A further descriptor of the same connection. Requests read from it are answered on it, so
    /// that answers do not contend.
    func clone() throws(Errno) -> DeviceChannel {
        DeviceChannel(try device.clone(), stop: isStopped)
    }

    /// From now on ``receive(into:)`` throws `ECONNABORTED`; threads that wait in it must be
    /// interrupted.
    func stop() {
        isStopped.value.store(true, ordering: .releasing)
    }

    var descriptor: Int32 { device.descriptor }

    func requestSynchronousInit() throws(Errno) {
        try device.requestSynchronousInit()
    }

    public func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        while true {
            if isStopped.value.load(ordering: .acquiring) { throw .connectionAbort }
            let length = device.read(into: &message)
            if length >= 0 { return length }
            let error = Errno(rawValue: Int32(truncatingIfNeeded: -length))
            switch error {
            // ENOENT: the request was taken back while it was being copied.
            case .interrupted, .resourceTemporarilyUnavailable, .noSuchFileOrDirectory: continue
            default: throw error
            }
        }
    }

    public func send(_ message: Span<UInt8>) throws(Errno) {
        while true {
            let length = device.write(message)
            if length >= 0 { return }
            let error = Errno(rawValue: Int32(truncatingIfNeeded: -length))
            guard error == .interrupted else { throw error }
        }
    }
}
