/// A request that was read and is carried later, by any thread: its sender has as many threads as
/// it may have, or the thread that read it waits for a disk.
struct HeldRequest: Sendable {
    /// Of one user, and together; further requests are refused with `EBUSY`.
    static let mostOfUser = 1024
    static let mostRequests = 4096
    static let mostBytes = 64 << 20

    let unique: RequestID
    let claim: WorkerClaim
    let message: [UInt8]
    /// Where it is answered.
    let channel: DeviceChannel
    /// It waits for nothing but a thread.
    let isReady: Bool
}

/// The held requests of one session, first come first. Under the session's lock.
struct HeldRequests {
    private(set) var requests: [HeldRequest] = []
    private var bytes = 0

    /// False without room; a request that is ready is taken all the same.
    mutating func add(_ request: HeldRequest) -> Bool {
        let hasRoom =
            requests.count < HeldRequest.mostRequests
            && requests.count { $0.claim.user == request.claim.user } < HeldRequest.mostOfUser
            && bytes + request.message.count <= HeldRequest.mostBytes
        guard hasRoom || request.isReady else { return false }
        bytes += request.message.count
        requests.append(request)
        return true
    }

    /// The request of this number.
    mutating func take(_ unique: RequestID) -> HeldRequest? { take { $0.unique == unique } }

    /// The first that may be carried.
    mutating func take(where mayBeCarried: (HeldRequest) -> Bool) -> HeldRequest? {
        guard let place = requests.firstIndex(where: mayBeCarried) else { return nil }
        let request = requests.remove(at: place)
        bytes -= request.message.count
        return request
    }
}
