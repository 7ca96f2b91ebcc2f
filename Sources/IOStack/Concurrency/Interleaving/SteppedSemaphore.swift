#if INTERLEAVING
    import Dispatch

    /// Replaces Dispatch's semaphore in this module. Sleeping on it is a step of the scheduler.
    final class DispatchSemaphore: Sendable {
        private let semaphore: Dispatch.DispatchSemaphore

        init(value: Int) { semaphore = Dispatch.DispatchSemaphore(value: value) }

        private let identity = Interleaving.newIdentity()

        /// No thread will signal or wait any more.
        func isLeft() { Interleaving.forget(identity) }

        func wait() {
            Interleaving.step(.wait, on: identity)
            semaphore.wait()
        }

        func wait(timeout: DispatchTime) -> DispatchTimeoutResult {
            if Interleaving.now != nil, let scheduler = unsafe Interleaving.scheduler {
                guard scheduler.sleep(on: identity, until: timeout.uptimeNanoseconds) else {
                    return .timedOut
                }
                return semaphore.wait(timeout: .now())
            }
            Interleaving.step(.update, on: identity)
            return semaphore.wait(timeout: timeout)
        }

        func signal() {
            semaphore.signal()
            Interleaving.step(.signal, on: identity)
        }
    }

    // For the list of a drain's sleepers: a sleeper is identified by its semaphore.
    extension DispatchSemaphore: Hashable {
        static func == (one: DispatchSemaphore, other: DispatchSemaphore) -> Bool { one === other }
        func hash(into hasher: inout Hasher) { hasher.combine(identity) }
    }
#endif
