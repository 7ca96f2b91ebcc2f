import BypassIOProtocol
import LinuxKit
import Locks
import SystemPackage

/// Carries lines between a program and a filter's port, on two threads: one takes the program's,
/// the other the filter's messages. Neither is one of the interface's, so a filter or a program
/// that waits keeps nobody else waiting.
///
/// It ends when either side does, when the program sends a line that is none or too long, and when
/// it does not take a line in time.
///
/// Lock order: `writing` is a leaf, under which a line is sent.
final class PortLink: Sendable {
    private let connection: ControlConnection
    private let port: any ConnectedPort
    private let limits: ControlLimits
    /// Held while a line goes out.
    private let writing = Monitor(())
    /// A message of the program is being answered. Waited for under no lock.
    private let answering = Monitor(false)
    /// Threads that run.
    private let running = Monitor(2)
    private let ended: @Sendable (PortLink) -> Void

    private init(
        _ connection: ControlConnection, _ port: any ConnectedPort, _ limits: ControlLimits,
        _ ended: @escaping @Sendable (PortLink) -> Void
    ) {
        self.connection = connection
        self.port = port
        self.limits = limits
        self.ended = ended
    }

    /// Tells the program that it is connected, and begins.
    ///
    /// - Parameters:
    ///   - name: the port's.
    ///   - rest: what came behind the request.
    ///   - known: gets the link before it can end.
    ///   - ended: is called once, when both threads are at their end.
    ///   - begin: starts a thread of that name.
    /// - Throws: what a thread is refused with; then nothing was said, `ended` was called, and
    ///   connection and port are the caller's to end.
    static func start(
        _ connection: ControlConnection, _ port: any ConnectedPort, named name: String,
        rest: [UInt8], _ limits: ControlLimits, known: (PortLink) -> Void,
        ended: @escaping @Sendable (PortLink) -> Void,
        begin: @Sendable (String, @escaping @Sendable () -> Void) throws(Errno) -> Void
    ) throws(Errno) {
        let link = PortLink(connection, port, limits, ended)
        let greeting =
            ResponseText.switching
            + PortLine.greeting(
                port: name, filter: port.filterName, message: port.longestMessage)
        known(link)
        let start = Monitor(Start.waits)
        do throws(Errno) {
            try begin("port sends") {
                let isBegun = start.wait(until: { $0 != .waits }) { $0 == .isGreeted }
                guard isBegun else { return }
                link.carryMessages()
                link.leave()
            }
            try begin("port receives") {
                let isGreeted = link.send(greeting)
                start.withLock { $0 = .isGreeted }
                if isGreeted { link.carryLines(rest) }
                link.end()
                link.leave()
            }
        } catch {
            start.withLock { $0 = .isRefused }
            ended(link)
            throw error
        }
    }

    /// What the thread that sends waits for: no message comes before the greeting.
    private enum Start {
        case waits, isGreeted, isRefused
    }

    /// Ends it from any thread: both of its own hear of it.
    func end() {
        port.disconnect()
        connection.end()
    }

    private func leave() {
        let left = running.withLock { count in
            count -= 1
            return count
        }
        if left == 0 { ended(self) }
    }

    // MARK: From the filter

    private func carryMessages() {
        while let (number, bytes) = port.takeMessage() {
            guard let line = PortLine.line(number, bytes) else {
                // A filter that sends what is no JSON waits for no reply to it.
                if let number { try? port.reply(to: number, []) }
                continue
            }
            guard send(line) else { return end() }
        }
        // A filter that ends the connection may do so while it answers: the answer goes out.
        answering.wait(until: { !$0 }) { _ in }
        end()
    }

    /// False when the program is gone, or did not take it in time.
    private func send(_ line: [UInt8]) -> Bool {
        writing.withLock { _ in connection.sendWaiting(line, within: limits.answer) }
    }

    // MARK: From the program

    private func carryLines(_ first: [UInt8]) {
        let longest = port.longestMessage + PortLine.envelope
        var pending = first
        while true {
            while let end = pending.firstIndex(of: 0x0A) {
                var line = Array(pending[..<end])
                pending.removeFirst(end + 1)
                if line.last == 0x0D { line.removeLast() }
                guard line.count <= longest else { return refuseLength(longest) }
                if !line.isEmpty, !carry(line) { return }
            }
            guard pending.count <= longest else { return refuseLength(longest) }
            let more = connection.receiveWaiting(atMost: 4096)
            if more.isEmpty { return }
            pending += more
        }
    }

    private func refuseLength(_ longest: Int) {
        _ = send(
            PortLine.refusal(
                nil, reason: "line-too-long", status: nil,
                "A line has more than \(longest) bytes."))
    }

    /// False where nobody knows what the program means by further lines.
    private func carry(_ bytes: [UInt8]) -> Bool {
        let line: PortLine
        do throws(PortLine.Malformed) {
            line = try PortLine(bytes)
        } catch {
            _ = send(
                PortLine.refusal(
                    nil, reason: "malformed-line", status: nil, error.message))
            return false
        }
        switch line {
        case .message(let number, let message): return carry(message, number)
        case .reply(let number, let message):
            do throws(NTStatus) {
                try port.reply(to: number, message)
                return true
            } catch {
                return refuse(number, error)
            }
        }
    }

    private func carry(_ message: [UInt8], _ number: UInt64?) -> Bool {
        answering.withLock { $0 = true }
        defer { answering.withLock { $0 = false } }
        do throws(NTStatus) {
            let answer = try port.request(message)
            guard let number else { return true }
            return send(PortLine.answer(number, answer))
        } catch {
            return refuse(number, error)
        }
    }

    private func refuse(_ number: UInt64?, _ status: NTStatus) -> Bool {
        send(
            PortLine.refusal(
                number, reason: "refused", status: status, "\(status.message)."))
            && status != .portDisconnected
    }
}
