package import BypassIOProtocol
import LinuxKit
import Locks
import SystemPackage

/// Asks what may block on threads of its own, so many at once, and waits no longer than told: what
/// takes longer goes on by itself, and counts until it ends.
package final class QuestionDesk: Sendable {
    private let limit: Int
    private let busy = Monitor(0)

    private let executor: ControlExecutor

    init(limit: Int, _ executor: ControlExecutor) {
        self.limit = limit
        self.executor = executor
    }

    /// Throws 503 where too many are asked already, or no thread is to be had; `late` where the
    /// answer took longer than `time`.
    package func answer<Value: Sendable>(
        within time: Duration, late: ControlFault,
        _ body: @escaping @Sendable () throws(ControlFault) -> Value
    ) async throws(ControlFault) -> Value {
        let isFree = busy.withLock { busy in
            guard busy < limit else { return false }
            busy += 1
            return true
        }
        guard isFree else { throw Self.overloaded }
        let outcome = Outcome<Value>()
        do throws(Errno) {
            try OwnThread.start(named: "control question") { [self] in
                let result: Result<Value, ControlFault>
                do throws(ControlFault) {
                    result = .success(try body())
                } catch {
                    result = .failure(error)
                }
                busy.withLock { $0 -= 1 }
                outcome.settle(result)
            }.detach()
        } catch {
            busy.withLock { $0 -= 1 }
            throw Self.overloaded
        }
        let clock = Task(executorPreference: executor) {
            try? await Task.sleep(for: time)
            if !Task.isCancelled { outcome.settle(.failure(late)) }
        }
        defer { clock.cancel() }
        return try await outcome.value.get()
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
