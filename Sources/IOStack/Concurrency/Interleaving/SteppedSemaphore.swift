#if INTERLEAVING
    import Dispatch

    /// Stands in for Dispatch's semaphore in this module: sleeping on it is a step of the scheduler.
    final class DispatchSemaphore: Sendable {
        private let semaphore: Dispatch.DispatchSemaphore

        init(value: Int) { semaphore = Dispatch.DispatchSemaphore(value: value) }

        private let identity = Interleaving.newIdentity()

        func wait() {
            Interleaving.step(.wait, on: identity)
            semaphore.wait()
        }

        func wait(timeout: DispatchTime) -> DispatchTimeoutResult {
            Interleaving.step(.update, on: identity)
            return semaphore.wait(timeout: timeout)
        }

        func signal() {
            semaphore.signal()
            Interleaving.step(.signal, on: identity)
        }
    }
#endif
