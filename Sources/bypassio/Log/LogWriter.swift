import Dispatch
import FUSE
import IOStack
import LinuxKit
import Logging
import SystemPackage

/// Writes a log on a thread of its own, so that no thread that logs waits for a disk or another
/// program. If lines come faster than the thread can write them, it drops and counts them.
///
/// Any thread may call. Lock order: `state` is a leaf.
final class LogWriter: Sendable {
    private struct State {
        var lines: [LogLine] = []
        /// Bytes of `lines`.
        var bytes = 0
        var lost: UInt64 = 0
        /// Those that were told, too.
        var everLost: UInt64 = 0
        var isToReopen = false
        var isToEnd = false

        /// Lost lines alone do not wake the thread: it reports them with the next line.
        var isIdle: Bool { lines.isEmpty && !isToReopen && !isToEnd }
    }

    /// The most bytes that may wait.
    private static let room = 1 << 20
    /// The approximate memory of a line beside its text.
    private static let overhead = 64

    private let sink: any LogSink
    private let state = Guarded(State())
    /// Signalled when a thread without work gets some.
    private let news = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    /// Starts the thread, with the caller's signal mask; throws the system's error.
    init(_ sink: any LogSink) throws(Errno) {
        self.sink = sink
        try OwnThread.start(named: "bypassio-log") { [self] in run() }.detach()
    }

    func append(_ line: LogLine) {
        let size = line.text.utf8.count + Self.overhead
        change { state in
            guard state.bytes + size <= Self.room, !state.isToEnd else {
                state.lost += 1
                state.everLost += 1
                return
            }
            state.lines.append(line)
            state.bytes += size
        }
    }

    /// Lines that nobody will read, since the start.
    var lostLines: UInt64 { state.withLock { $0.everLost } }

    /// Call after the log file was moved away.
    func reopen() { change { $0.isToReopen = true } }

    /// Writes the remaining lines and ends the thread, within about that time; then remaining lines
    /// are lost.
    func end(within time: DispatchTimeInterval = .seconds(1)) {
        change { $0.isToEnd = true }
        _ = finished.wait(timeout: .now() + time)
    }

    private func change(_ body: (inout sending State) -> Void) {
        let wakes = state.withLock { state in
            let wasIdle = state.isIdle
            body(&state)
            return wasIdle && !state.isIdle
        }
        if wakes { news.signal() }
    }

    private func run() {
        while true {
            news.wait()
            let work = state.withLock { state in
                let work = state
                state = State()
                state.everLost = work.everLost
                return work
            }
            if work.isToReopen { sink.reopen() }
            var lost = work.lost
            var unwritten: UInt64 = 0
            for line in work.lines {
                tell(&lost)
                if sink.write(line) { continue }
                lost += 1
                unwritten += 1
            }
            tell(&lost)
            if lost + unwritten > 0 {
                state.withLock { state in
                    state.lost += lost
                    state.everLost += unwritten
                }
            }
            guard work.isToEnd else { continue }
            return _ = finished.signal()
        }
    }

    /// Writes how many lines are missing at this place, as soon as a write succeeds.
    private func tell(_ lost: inout UInt64) {
        guard lost > 0 else { return }
        let words = lost == 1 ? "1 line of the log was lost" : "\(lost) lines of the log were lost"
        if sink.write(LogLine(.warning, LogKind.error.rawValue, words)) { lost = 0 }
    }
}
