import Dispatch
import IOStack
import LinuxKit
import Locks
import SystemPackage

/// Asks the engine for the version of its signatures, again and again, on a thread of its own: by
/// that it learns of other signatures, and whether the engine can be reached.
///
/// Any thread. Lock order: `state` is a leaf.
final class SignatureWatch: Sendable {
    /// What has changed since the last look.
    enum Change: Sendable {
        /// nil: it was never reached before.
        case version(String, before: String?)
        case away(String)
        case back
    }

    private struct State {
        var version: String?
        /// Counts versions.
        var generation: UInt64 = 0
        var away: String?
        /// The number of the thread that watches; 0: none.
        var thread: UInt64 = 0
        var last: UInt64 = 0
        var isHurried = false
        /// When the engine answered last, in nanoseconds of the monotonic clock.
        var answered: UInt64 = 0
    }

    /// An engine that is busy answers late; one that hangs answers nobody.
    private static let patience: UInt64 = 15_000_000_000

    /// Between two looks.
    private static let interval: Duration = .seconds(5)
    private static let intervalAway: Duration = .seconds(1)

    private let engine: any ScanEngine
    private let state = Monitor(State())

    init(_ engine: any ScanEngine) { self.engine = engine }

    var version: String? { state.withLock { $0.version } }
    var generation: UInt64 { state.withLock { $0.generation } }
    /// Why the engine cannot be asked; nil: it can.
    var away: String? { state.withLock { $0.away } }

    /// A scan was answered.
    func answered() { state.withLock { $0.answered = KernelClock.monotonic } }

    /// A scan could not reach it: looks at once.
    func lost() {
        state.withLock { $0.isHurried = true }
    }

    /// Watches until ``end()``.
    ///
    /// - Parameters:
    ///   - changed: what has changed; called on the thread that watches, or that begins.
    ///   - looked: called after each look that found the same signatures.
    func begin(
        changed: @escaping @Sendable (Change) -> Void, looked: @escaping @Sendable () -> Void
    ) {
        let number = state.withLock { state -> UInt64 in
            state.last += 1
            state.thread = state.last
            state.answered = KernelClock.monotonic
            return state.last
        }
        look(changed)
        do throws(Errno) {
            try OwnThread.start(named: "scan watch") { [self] in
                watch(number, changed, looked)
            }.detach()
        } catch {
            state.withLock { $0.thread = 0 }
        }
    }

    func end() { state.withLock { $0.thread = 0 } }

    private func watch(
        _ number: UInt64, _ changed: @Sendable (Change) -> Void, _ looked: @Sendable () -> Void
    ) {
        while true {
            let interval = away == nil ? Self.interval : Self.intervalAway
            let goesOn = state.wait(
                until: { $0.thread != number || $0.isHurried }, atMost: interval,
                then: { state in
                    state.isHurried = false
                    return state.thread == number
                })
            guard goesOn else { return }
            if look(changed) { looked() }
        }
    }

    /// Counts as other signatures.
    func renew() -> UInt64 {
        state.withLock { state in
            state.generation += 1
            return state.generation
        }
    }

    /// Asks now. Returns whether the signatures are the same.
    @discardableResult
    private func look(_ changed: (Change) -> Void) -> Bool {
        do throws(ScanFault) {
            let version = try engine.version()
            let (before, isNew, wasAway) = state.withLock { state in
                let found = (state.version, state.version != version, state.away != nil)
                state.away = nil
                state.answered = KernelClock.monotonic
                if found.1 {
                    state.version = version
                    state.generation += 1
                }
                return found
            }
            if isNew { changed(.version(version, before: before)) }
            if wasAway { changed(.back) }
            return !isNew
        } catch {
            let isNew = state.withLock { state in
                if case .failed = error,
                    KernelClock.monotonic < state.answered + Self.patience
                {
                    return false
                }
                defer { state.away = error.words }
                return state.away == nil
            }
            if isNew { changed(.away(error.words)) }
            return false
        }
    }
}
