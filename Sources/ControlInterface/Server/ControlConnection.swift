import LinuxKit
import Locks
import SystemPackage

/// A client that is connected, and until when the service waits for it.
///
/// Its task reads and writes; ``cutOff(if:)`` may come from any thread. The descriptor is open as
/// long as anybody has the connection.
final class ControlConnection: Sendable {
    /// What the service waits for.
    enum Phase: Sendable {
        /// The next request's first byte.
        case idle
        /// The rest of a request.
        case request
        /// That the client takes an answer.
        case answer
        /// Nothing that the client has a part in.
        case none
        /// It was cut off.
        case over
    }

    private struct Wait {
        var phase = Phase.none
        /// Nanoseconds of the monotonic clock.
        var end = UInt64.max
    }

    private let owned: OwnedDescriptor
    private let executor: ControlExecutor
    private let wait = Monitor(Wait())

    init(_ owned: consuming OwnedDescriptor, _ executor: ControlExecutor) {
        self.owned = owned
        self.executor = executor
    }

    private var socket: FileDescriptor { owned.descriptor }

    /// From now on that is waited for, so long.
    func wait(for phase: Phase, _ time: Duration) {
        let end = KernelClock.monotonic.addingReportingOverflow(time.nanoseconds).partialValue
        wait.withLock { if $0.phase != .over { $0 = Wait(phase: phase, end: end) } }
    }

    func waitForNothing() {
        wait.withLock { if $0.phase != .over { $0 = Wait() } }
    }

    /// Ends the connection, if the client had to do something and did not in time; what it was.
    func cutOff(at now: UInt64) -> Phase? {
        let late: Phase? = wait.withLock { wait in
            guard wait.end <= now, wait.phase != .over else { return nil }
            defer { wait = Wait(phase: .over) }
            return wait.phase
        }
        guard let late else { return nil }
        if late == .request { sayAtOnce(ResponseText.requestTimeout) }
        SystemCall.shutDown(socket)
        return late
    }

    func end() { SystemCall.shutDown(socket) }

    /// Says that much without waiting; a client that has room for nothing learns nothing.
    func sayAtOnce(_ bytes: [UInt8]) {
        _ = try? SystemCall.send(bytes[...], to: socket)
    }

    /// Takes what the client sent already, a socket's fill at most, and does not wait for more.
    func discardWhatIsThere() {
        for _ in 0..<64 {
            guard let bytes = try? SystemCall.receive(from: socket, atMost: 4096), !bytes.isEmpty
            else { return }
        }
    }

    /// What the client sent; empty at the end, and after an error.
    func receive(atMost limit: Int) async -> [UInt8] {
        while true {
            do throws(Errno) {
                return try SystemCall.receive(from: socket, atMost: limit)
            } catch {
                guard error == .resourceTemporarilyUnavailable else { return [] }
                await executor.wait(until: socket, is: .readable)
            }
        }
    }

    /// False when the client is gone, or was cut off because it did not take it.
    func send(_ bytes: [UInt8], within time: Duration) async -> Bool {
        wait(for: .answer, time)
        defer { waitForNothing() }
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(Errno) {
                rest = rest.dropFirst(try SystemCall.send(rest, to: socket))
            } catch {
                guard error == .resourceTemporarilyUnavailable else { return false }
                await executor.wait(until: socket, is: .writable)
            }
        }
        return true
    }

    // MARK: On threads that may wait

    /// What the client sent, waited for as long as it takes; empty at the end.
    func receiveWaiting(atMost limit: Int) -> [UInt8] {
        while true {
            do throws(Errno) {
                return try SystemCall.receive(from: socket, atMost: limit)
            } catch {
                guard error == .resourceTemporarilyUnavailable,
                    (try? SystemCall.waitUntilReadable(socket, milliseconds: nil)) == true
                else { return [] }
            }
        }
    }

    /// False when the client is gone, or did not take all of it in time.
    func sendWaiting(_ bytes: [UInt8], within time: Duration) -> Bool {
        let end = KernelClock.monotonic.addingReportingOverflow(time.nanoseconds).partialValue
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(Errno) {
                rest = rest.dropFirst(try SystemCall.send(rest, to: socket))
            } catch {
                let now = KernelClock.monotonic
                guard error == .resourceTemporarilyUnavailable, now < end else { return false }
                let left = Int32(clamping: (end - now) / 1_000_000 + 1)
                guard
                    (try? SystemCall.waitUntilWritable(socket, milliseconds: left)) == true
                else { return false }
            }
        }
        return true
    }

    /// Who is at the other end; nil if it cannot be told.
    var peer: SystemCall.Peer? { try? SystemCall.peer(of: socket) }
}

extension Duration {
    /// Whole ones, of a time that is not negative.
    var nanoseconds: UInt64 {
        let (seconds, rest) = components
        return UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
            .partialValue &+ UInt64(clamping: rest / 1_000_000_000)
    }
}
