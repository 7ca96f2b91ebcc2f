import LinuxKit
import SystemPackage

/// A connection to clamd for one command, with a moment by which all of it is over.
///
/// One thread at a time, but for ``interrupt()``.
final class ClamdConnection: Sendable {
    /// What can go wrong on the way.
    enum Fault: Error, Equatable {
        /// Nobody takes connections there.
        case unreachable(Errno)
        /// It ended, or was broken off, without an answer.
        case ended
        case late
        /// The answer is none.
        case garbled
    }

    private let socket: OwnedDescriptor
    /// Nanoseconds of the monotonic clock.
    private let end: UInt64

    init(to path: FilePath, within time: Duration) throws(Fault) {
        let (seconds, attoseconds) = time.components
        end =
            KernelClock.monotonic + UInt64(clamping: seconds) * 1_000_000_000
            + UInt64(clamping: attoseconds / 1_000_000_000)
        do throws(Errno) {
            socket = try SystemCall.streamSocket(waits: true)
        } catch {
            throw .unreachable(error)
        }
        try bound()
        do throws(Errno) {
            try SystemCall.connect(socket.descriptor, to: path)
        } catch {
            throw error == .resourceTemporarilyUnavailable ? .late : .unreachable(error)
        }
    }

    /// Whoever waits in it hears of its end. Any thread.
    func interrupt() { SystemCall.shutDown(socket.descriptor) }

    /// Bounds the next call.
    private func bound() throws(Fault) {
        let now = KernelClock.monotonic
        guard now < end else { throw .late }
        let left = Int64(clamping: (end - now) / 1_000_000) + 1
        try? SystemCall.setPatience(of: socket.descriptor, milliseconds: left)
    }

    func send(_ bytes: [UInt8]) throws(Fault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try bound()
            do throws(Errno) {
                rest = rest.dropFirst(try SystemCall.send(rest, to: socket.descriptor))
            } catch {
                throw error == .resourceTemporarilyUnavailable ? .late : .ended
            }
        }
    }

    /// A byte, with a descriptor beside it.
    func send(_ descriptor: FileDescriptor) throws(Fault) {
        try bound()
        do throws(Errno) {
            try SystemCall.send(message: [0], with: descriptor, to: socket.descriptor)
        } catch {
            throw error == .resourceTemporarilyUnavailable ? .late : .ended
        }
    }

    /// The answer's bytes, without the zero that ends it.
    func receive() throws(Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= ClamdReply.longest {
            try bound()
            let piece: [UInt8]
            do throws(Errno) {
                piece = try SystemCall.receive(from: socket.descriptor, atMost: 1024)
            } catch {
                throw error == .resourceTemporarilyUnavailable ? .late : .ended
            }
            guard !piece.isEmpty else { throw .ended }
            bytes += piece
            // One command has one answer: what comes behind it is not looked at.
            if let zero = bytes.firstIndex(of: 0) { return Array(bytes[..<zero]) }
        }
        throw .garbled
    }
}
