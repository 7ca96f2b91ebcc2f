/// Which threads have been with one request for long, so that somebody is told. A value under the
/// lock of the session's workers.
struct LongWaits {
    /// A request that has waited for so long is told, once.
    static let limit = Duration.seconds(10)

    private struct Stay {
        let step: UInt64
        let since: ContinuousClock.Instant
        var isTold = false
    }

    private var stays: [ObjectIdentifier: Stay] = [:]

    /// Looks at all threads; returns those whose request has waited for long by now.
    mutating func look(
        at posts: [WorkerPost], now: ContinuousClock.Instant = .now
    ) -> [WorkerPost] {
        var late: [WorkerPost] = []
        var current: [ObjectIdentifier: Stay] = [:]
        for post in posts {
            guard let step = post.carriedStep else { continue }
            let place = ObjectIdentifier(post)
            var stay = stays[place].flatMap { $0.step == step ? $0 : nil }
            if let known = stay, !known.isTold, now - known.since >= Self.limit {
                stay?.isTold = true
                late.append(post)
            }
            current[place] = stay ?? Stay(step: step, since: now)
        }
        stays = current
        return late
    }
}
