/// A thread of a session while it serves, for a service that waits on it.
class RequestThread {
    let post: WorkerPost

    init(_ post: WorkerPost) {
        self.post = post
    }

    /// Answers EINTR to the request that is carried now, from any thread and whenever it is called; the
    /// request's own answer goes nowhere then.
    var interruptedAnswer: @Sendable () -> Void { {} }

    /// See ``WorkerThread/beginWait(_:)``.
    final func beginWait(_ cancel: @escaping @Sendable () -> Bool) {
        let answer = interruptedAnswer
        post.beginWait {
            if cancel() { answer() }
        }
    }
}
