/// How many threads may wait, by user and by file.
///
/// `threads` serve. A thread that waits is replaced, until there are `limit`. Of the threads beyond
/// `threads` no user may have more than a quarter, and no file more than an eighth, so that others
/// find some left. The last threads are for users without a waiting request, and for controls and
/// reports; the very last looks after requests and carries none.
struct WorkerShares: Sendable {
    let threads: Int
    let limit: Int

    /// 1 to 1024 each; the limit is at least `threads`.
    init(threads: Int, limit: Int) {
        self.threads = min(max(threads, 1), 1024)
        self.limit = min(max(limit, self.threads), 1024)
    }

    /// Beyond ``threads``.
    private var further: Int { limit - threads }
    var perUser: Int { threads + further / 4 }
    var perFile: Int { threads + further / 8 }
    /// Threads at the end that are not for every request.
    private var reserved: Int { min(16, further / 4) }

    /// Threads there may be while `waiting` of them wait.
    func allowed(waiting: Int) -> Int { min(threads + waiting, limit) }

    /// Whether a request may take a thread beside those that wait; otherwise it is put aside.
    func admits(_ claim: WorkerClaim, beside waiting: [WorkerClaim]) -> Bool {
        guard further > 0, waiting.count >= min(threads, limit - reserved) else { return true }
        if waiting.count >= limit - 1 { return false }
        let ofUser = waiting.count { $0.user == claim.user }
        let ofFile = waiting.count { $0.place == claim.place }
        // A control may end the wait of the others.
        if !claim.isControl, ofFile >= perFile { return false }
        // Root could do worse.
        if claim.user != 0, ofUser >= perUser { return false }
        guard waiting.count >= limit - reserved else { return true }
        return ofUser == 0 || (claim.isControl && ofFile == 0)
    }
}
