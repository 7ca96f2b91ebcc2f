public import BypassIOProtocol
internal import Dispatch
internal import Foundation
internal import LinuxKit
internal import Locks
public import SystemPackage

/// Keeps the last events of a service, tells them to whoever listens, and counts what happens again
/// and again instead of telling it.
///
/// Any thread; whoever records waits for nobody. Lock order: `state` is a leaf. The listener is
/// called without it, so that two events may reach it in another order than their numbers'.
public final class EventRecorder: Sendable {
    private struct State {
        var ring: EventRing
        var windows: EventWindows
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextListener: UInt64 = 0
        var isEnded = false
        var tallies = EventTallies()
    }

    /// Events that are kept.
    public static let capacity = 4096
    /// Within it the same is told once.
    public static let window: Duration = .seconds(1)

    private let state: Monitor<State>
    private let window: Duration
    private let clock = ContinuousClock()
    private let tell: @Sendable (ServiceEvent) -> Void
    /// Signalled when something is to be told at a window's end, and at the recorder's.
    private let counted = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    /// Starts a thread, with the caller's signal mask; throws what the system says.
    ///
    /// - Parameter tell: is called for each event that is recorded, by its thread: it must not
    ///   wait, nor record.
    public init(
        capacity: Int = EventRecorder.capacity, window: Duration = EventRecorder.window,
        tell: @escaping @Sendable (ServiceEvent) -> Void
    ) throws(Errno) {
        state = Monitor(
            State(
                ring: EventRing(capacity: max(1, capacity)),
                windows: EventWindows(length: window)))
        self.window = window
        self.tell = tell
        try OwnThread.start(named: "bypassio-events") { [self] in tellCounted() }.detach()
    }

    /// Records what happened, or counts it if the same was recorded a moment ago: then `event` is
    /// not made.
    public func record(_ key: EventKey, _ event: () -> ServiceEvent) {
        let now = clock.now
        let (isCounted, isFirst) = state.withLock { state in
            state.tallies.byKind[key.kind, default: 0] += 1
            let before = state.windows.pending
            return (state.windows.counts(key, at: now), before == 0 && state.windows.pending == 1)
        }
        if isFirst { counted.signal() }
        if isCounted { return }
        var made = event()
        made.time = WallTime.now.iso8601
        let told = state.withLock { state in
            let told = state.ring.append(state.windows.open(key, made, at: now))
            return (told, Array(state.listeners.values))
        }
        spread(told.0, told.1)
    }

    /// At most `limit` events that came after the event of that number.
    public func page(after number: UInt64, limit: Int) -> EventPage {
        state.withLock { state in
            let page = state.ring.page(after: number, limit: limit)
            // A reader of 0 asks for what there is, and misses nothing.
            if number > 0 { state.tallies.lost += page.lost }
            return page
        }
    }

    public var tallies: EventTallies { state.withLock { $0.tallies } }

    /// An element whenever there may be new events since the last; ends with the recorder, or when
    /// nobody iterates any more.
    public func news() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let number: UInt64? = state.withLock { state in
                guard !state.isEnded else { return nil }
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                return state.nextListener
            }
            guard let number else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
            }
        }
    }

    /// Tells what was counted, and ends the thread and the listeners. Nothing is told afterwards.
    public func end() {
        let (isFirst, listeners) = state.withLock { state in
            defer {
                state.isEnded = true
                state.listeners = [:]
            }
            return (!state.isEnded, Array(state.listeners.values))
        }
        guard isFirst else { return }
        counted.signal()
        finished.wait()
        for listener in listeners { listener.finish() }
    }

    /// The thread: asleep until something was counted, then awake once in a window.
    private func tellCounted() {
        while true {
            counted.wait()
            while state.withLock({ $0.windows.pending > 0 && !$0.isEnded }) {
                // Ended by the recorder's end.
                _ = counted.wait(timeout: .now() + window.interval)
                tellDue(at: clock.now)
            }
            guard state.withLock({ $0.isEnded }) else { continue }
            tellDue(at: clock.now + window)
            return _ = finished.signal()
        }
    }

    private func tellDue(at now: ContinuousClock.Instant) {
        let time = WallTime.now.iso8601
        let (events, listeners) = state.withLock { state in
            let events = state.windows.due(at: now).map { event in
                var event = event
                event.time = time
                return state.ring.append(event)
            }
            return (events, Array(state.listeners.values))
        }
        for event in events { spread(event, listeners) }
    }

    private func spread(_ event: ServiceEvent, _ listeners: [AsyncStream<Void>.Continuation]) {
        tell(event)
        for listener in listeners { listener.yield() }
    }
}

extension Duration {
    fileprivate var interval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        return .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
    }
}
