import Dispatch

/// The clock that layers are timed by, the machine's. It never goes back.
///
/// Numbers, because an instant's layout is the runtime's secret, and carrying instants would cost
/// more than what is timed.
public enum LayerClock {
    /// Nanoseconds, more than 0 (on Linux those of CLOCK_MONOTONIC).
    public static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }
}
