import Dispatch

/// Polls `condition`; false if it did not hold within half a minute.
func wait(until condition: () -> Bool) -> Bool {
    let nobody = DispatchSemaphore(value: 0)
    for _ in 0..<60_000 {
        if condition() { return true }
        _ = nobody.wait(timeout: .now() + .microseconds(500))
    }
    return false
}
