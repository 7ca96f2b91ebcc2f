import Foundation

/// Signals for which the process waits instead of handling them. The initializer blocks them for
/// every thread that starts later: call it before any starts.
struct SignalSet {
    private var signals = sigset_t()

    init(_ numbers: [Int32]) {
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Sleeps until one of the signals comes.
    mutating func wait() -> Int32 {
        var number: Int32 = 0
        while unsafe sigwait(&signals, &number) != 0 {}
        return number
    }
}
