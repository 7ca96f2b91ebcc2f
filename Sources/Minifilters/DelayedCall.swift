import Dispatch

/// Calls that come when a time is over, such as the end of a request's delay.
///
/// They come on a thread of their own. A task would need one of the process' pool, which has a
/// thread for each processor: requests that keep those would never be let go.
enum DelayedCall {
    private static let queue = DispatchQueue(label: "delayed calls of filters")

    /// - Parameter body: must not wait, since the others come behind it.
    static func after(_ time: Duration, _ body: @escaping @Sendable () -> Void) {
        let (seconds, rest) = time.components
        let (whole, isTooLong) = Int(clamping: seconds).multipliedReportingOverflow(
            by: 1_000_000_000)
        let nanoseconds = isTooLong ? Int.max / 2 : whole &+ Int(rest / 1_000_000_000)
        queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: body)
    }
}
