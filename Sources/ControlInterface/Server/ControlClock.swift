import Dispatch

/// Times of the interface's tasks.
///
/// Task.sleep would end on the process' pool, which has a thread for each processor: whoever blocks
/// those would stop the clock, too.
enum ControlClock {
    private static let queue = DispatchQueue(label: "control clock")

    /// Returns when the time is over, or the task is cancelled.
    static func sleep(for time: Duration) async {
        let (end, teller) = AsyncStream.makeStream(of: Never.self)
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { teller.finish() }
        timer.schedule(deadline: .now() + .nanoseconds(Int(clamping: time.nanoseconds)))
        timer.activate()
        for await _ in end {}
        timer.cancel()
    }
}
