/// How often, and at how many requests, a look is taken: each costs about 20 µs in procfs.
struct LookLimit {
    private static let interval = Duration.milliseconds(200)
    private static let most = 256

    private var next = ContinuousClock.now
    private var place = 0

    /// Counts from this look on.
    var isDue: Bool {
        mutating get {
            let now = ContinuousClock.now
            guard now >= next else { return false }
            next = now + Self.interval
            return true
        }
    }

    /// Begins where the last part ended.
    mutating func part<Request>(of all: [Request]) -> ArraySlice<Request> {
        if place >= all.count { place = 0 }
        let part = all[place...].prefix(Self.most)
        place = part.endIndex
        return part
    }
}
