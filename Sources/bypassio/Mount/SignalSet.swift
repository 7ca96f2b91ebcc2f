import Foundation

/// Signals that are waited for instead of being handled. Blocked when it is made, for every thread
/// that is started later: make it before any.
struct SignalSet {
    private var signals = sigset_t()

    init(_ numbers: [Int32]) {
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Sleeps until one of them comes.
    mutating func wait() -> Int32 {
        var number: Int32 = 0
        while unsafe sigwait(&signals, &number) != 0 {}
        return number
    }
}
