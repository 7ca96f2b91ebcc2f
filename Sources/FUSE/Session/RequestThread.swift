/// A thread of a session while it serves, for a service that waits on it.
package protocol RequestThread: AnyObject {
    var post: WorkerPost { get }

    /// Answers EINTR to the request that is carried now, from any thread and whenever it is called;
    /// the request's own answer goes nowhere then.
    var interruptedAnswer: @Sendable () -> Void { get }
}

extension RequestThread {
    /// See ``WorkerThread/beginWait(_:)``.
    func beginWait(_ cancel: @escaping @Sendable () -> Bool) {
        let answer = interruptedAnswer
        post.beginWait {
            if cancel() { answer() }
        }
    }
}
