package import BypassIOProtocol
import DequeModule
import LinuxKit
import Locks
import SystemPackage

/// Asks what may block on threads of its own, so many at once, and waits no longer than told: what
/// takes longer goes on by itself, and counts until it ends.
///
/// One thread stays for the next question, since a new one takes longer than most answers.
package final class QuestionDesk: Sendable {
    private typealias Question = @Sendable () -> Void

    private struct State: Sendable {
        /// Those that are answered, and those that the idle thread will find.
        var asked = 0
        /// At most one for each idle thread.
        var questions: Deque<Question> = []
        var idle = 0
        var isOver = false
    }

    private enum Place {
        /// The idle thread takes it.
        case taken
        case needsThread
        case refused
    }

    /// Threads that stay.
    private static let spares = 1

    private let limit: Int
    private let executor: ControlExecutor
    /// Lock order: a leaf.
    private let state = Monitor(State())

    init(limit: Int, _ executor: ControlExecutor) {
        self.limit = limit
        self.executor = executor
    }

    deinit {
        state.withLock { $0.isOver = true }
    }

    /// Throws 503 where too many are asked already, or no thread is to be had; `late` where the
    /// answer took longer than `time`.
    package func answer<Value: Sendable>(
        within time: Duration, late: ControlFault,
        _ body: @escaping @Sendable () throws(ControlFault) -> Value
    ) async throws(ControlFault) -> Value {
        let outcome = Outcome<Value>()
        let state = state
        try ask {
            let result: Result<Value, ControlFault>
            do throws(ControlFault) {
                result = .success(try body())
            } catch {
                result = .failure(error)
            }
            state.withLock { $0.asked -= 1 }
            outcome.settle(result)
        }
        let alarm = executor.after(time) { outcome.settle(.failure(late)) }
        defer { executor.forget(alarm) }
        return try await outcome.value.get()
    }

    private func ask(_ question: @escaping Question) throws(ControlFault) {
        let place = state.withLock { state -> Place in
            guard state.asked < limit else { return .refused }
            state.asked += 1
            guard state.idle > state.questions.count else { return .needsThread }
            state.questions.append(question)
            return .taken
        }
        switch place {
        case .taken: return
        case .refused: throw Self.overloaded
        case .needsThread: break
        }
        do throws(Errno) {
            // The thread keeps no desk, so that this can end while the thread is idle.
            let state = state
            try OwnThread.start(named: "control question", isPrompt: true) {
                Self.serve(state, question)
            }.detach()
        } catch {
            state.withLock { $0.asked -= 1 }
            throw Self.overloaded
        }
    }

    private static func serve(_ state: Monitor<State>, _ first: @escaping Question) {
        var next: Question? = first
        while let question = next {
            question()
            next = waitedFor(state)
        }
    }

    /// The question that comes next; nil where the thread is not to stay.
    private static func waitedFor(_ state: Monitor<State>) -> Question? {
        let stays = state.withLock { state in
            guard !state.isOver, state.idle < spares else { return false }
            state.idle += 1
            return true
        }
        guard stays else { return nil }
        return state.wait(
            until: { $0.isOver || !$0.questions.isEmpty },
            then: { state in
                state.idle -= 1
                return state.questions.popFirst()
            })
    }

    private static var overloaded: ControlFault {
        ControlFault(
            503, "busy", "The service is asked too much at once.", advice: "Try again in a moment.")
    }

    /// Settled once, by whoever is first.
    private final class Outcome<Value: Sendable>: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<Result<Value, ControlFault>, Never>)
            case settled(Result<Value, ControlFault>)
        }

        private let state = Monitor(State.open)

        func settle(_ result: Result<Value, ControlFault>) {
            let waiter: CheckedContinuation<Result<Value, ControlFault>, Never>? = state.withLock {
                switch $0 {
                case .settled: return nil
                case .open:
                    $0 = .settled(result)
                    return nil
                case .awaited(let waiter):
                    $0 = .settled(result)
                    return waiter
                }
            }
            waiter?.resume(returning: result)
        }

        /// For one waiter.
        var value: Result<Value, ControlFault> {
            get async {
                await withCheckedContinuation { waiter in
                    let early: Result<Value, ControlFault>? = state.withLock { state in
                        if case .settled(let result) = state { return result }
                        state = .awaited(waiter)
                        return nil
                    }
                    if let early { waiter.resume(returning: early) }
                }
            }
        }
    }
}
