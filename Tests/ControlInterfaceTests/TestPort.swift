import BypassIOProtocol
import ControlInterface
import Locks

/// A connection to a made-up filter. It answers a message with itself; `"refuse"` with a failure;
/// `"ask"` by a question of its own, whose reply is sent back as a message; `"end"` by ending.
final class TestPort: ConnectedPort {
    private struct State {
        var messages: [(number: UInt64?, bytes: [UInt8])] = []
        var isAsked = false
        var isOver = false
    }

    let filterName = "a filter"
    let longestMessage = 64
    private let state = Monitor(State())

    init(_ order: PortOrder) {
        if !order.context.isEmpty { push(nil, order.context) }
    }

    private func push(_ number: UInt64?, _ bytes: [UInt8]) {
        state.withLock { $0.messages.append((number, bytes)) }
    }

    func takeMessage() -> (number: UInt64?, bytes: [UInt8])? {
        state.wait(until: { $0.isOver || !$0.messages.isEmpty }) { state in
            state.isOver ? nil : state.messages.removeFirst()
        }
    }

    func reply(to number: UInt64, _ bytes: [UInt8]) throws(NTStatus) {
        let isAsked = state.withLock { state in
            defer { state.isAsked = false }
            return state.isAsked
        }
        guard isAsked, number == 1 else { throw .fltNoWaiterForReply }
        push(nil, bytes)
    }

    func request(_ message: [UInt8]) throws(NTStatus) -> [UInt8] {
        switch message {
        case Array(#""refuse""#.utf8): throw .dataError
        case Array(#""ask""#.utf8):
            state.withLock { $0.isAsked = true }
            push(1, Array("\n[ 1,\n2 ]".utf8))
        case Array(#""end""#.utf8): disconnect()
        default: break
        }
        return message
    }

    func disconnect() { state.withLock { $0.isOver = true } }
}
