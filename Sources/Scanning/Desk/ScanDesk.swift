import Dispatch
import IOStack
import LinuxKit
import Locks
import SystemPackage

/// Files that wait for a scan, the threads that have them scanned, and the requests that wait.
///
/// A request that waits is pended: it takes no thread. Requests about one state of a file wait for
/// one scan. What nobody waits for comes after what somebody waits for.
///
/// Any thread. Lock order: `state` is a leaf; no request goes on under it.
final class ScanDesk: Sendable {
    typealias Answer = @Sendable (ScanOutcome) -> Void

    /// A request's place at the desk.
    struct Ticket: Sendable {
        fileprivate let number: UInt64
    }

    fileprivate struct Place {
        let job: ScanJob
        var waiting: [UInt64: Answer] = [:]
        /// The file's mark when its scan began; nil: it has not begun.
        var began: ScannedFile.Mark?
    }

    fileprivate struct State {
        var places: [UInt64: Place] = [:]
        /// Numbers of places; those that are gone or begun are passed over.
        var urgent: [UInt64] = []
        var later: [UInt64] = []
        /// The newest place of a file.
        var newest: [ObjectIdentifier: UInt64] = [:]
        /// Places of requests.
        var tickets: [UInt64: UInt64] = [:]
        var last: UInt64 = 0
        var threads = 0
        var idle = 0
        /// Places whose scan has not begun.
        var fresh = 0
        var leaving: Set<ObjectIdentifier> = []
        var isOver = false
    }

    /// Files that wait at a time: each takes a descriptor.
    static let capacity = 1024

    private let state = Monitor(State())
    private let width: Int
    /// How long a request waits.
    private let patience: Duration
    private let clock = DispatchQueue(label: "scans that are waited for")

    /// - Parameter width: scans at a time.
    init(width: Int, patience: Duration) {
        self.width = width
        self.patience = patience
    }

    var counts: (waiting: Int, queued: Int) {
        state.withLock { ($0.tickets.count, $0.places.count) }
    }

    // MARK: Coming

    /// Waits for the scan that the file waits for already, or that has its present state; nil if
    /// there is none.
    func join(_ context: ScannedFile, _ answer: @escaping Answer) -> Ticket? {
        let ticket = state.withLock { state -> Ticket? in
            guard let number = state.newest[ObjectIdentifier(context)],
                let place = state.places[number],
                place.began == nil || place.began == context.mark
            else { return nil }
            if place.began == nil { state.urgent.append(number) }
            return state.add(answer, to: number)
        }
        if let ticket { expire(ticket) }
        return ticket
    }

    /// Has a file scanned by `body`. nil: there is no room, or the filter goes away; then the
    /// caller closes the job's file.
    ///
    /// - Parameter answer: nil where nobody waits.
    func submit(
        _ job: ScanJob, _ answer: Answer?,
        by body: @escaping @Sendable (ScanJob) -> ScanOutcome
    ) -> Ticket? {
        let (ticket, isToStart) = state.withLock { state -> (Ticket?, Bool) in
            guard !state.isOver, !state.leaving.contains(ObjectIdentifier(job.instance)),
                state.places.count < Self.capacity
            else { return (nil, false) }
            state.last += 1
            let number = state.last
            state.places[number] = Place(job: job)
            state.newest[ObjectIdentifier(job.context)] = number
            if answer == nil { state.later.append(number) } else { state.urgent.append(number) }
            let ticket = answer.map { state.add($0, to: number) } ?? Ticket(number: 0)
            state.fresh += 1
            let isToStart = state.fresh > state.idle && state.threads < width
            if isToStart { state.threads += 1 }
            return (ticket, isToStart)
        }
        guard let ticket else { return nil }
        if isToStart { start(body) }
        if answer != nil { expire(ticket) }
        return ticket
    }

    /// A scan of the file waits, or is under way, whatever has changed since.
    func has(_ context: ScannedFile) -> Bool {
        state.withLock { $0.newest[ObjectIdentifier(context)] != nil }
    }

    private func expire(_ ticket: Ticket) {
        let (seconds, attoseconds) = patience.components
        clock.asyncAfter(
            deadline: .now() + .seconds(Int(clamping: seconds))
                + .nanoseconds(Int(attoseconds / 1_000_000_000))
        ) { [weak self] in
            guard let self else { return }
            settle(ticket, .none("the scan was not done within \(patience)"))
        }
    }

    /// The program waits no more.
    func withdraw(_ ticket: Ticket) { settle(ticket, .cancelled) }

    private func settle(_ ticket: Ticket, _ outcome: ScanOutcome) {
        let answer = state.withLock { state -> Answer? in
            guard let number = state.tickets.removeValue(forKey: ticket.number) else { return nil }
            return state.places[number]?.waiting.removeValue(forKey: ticket.number)
        }
        answer?(outcome)
    }

    // MARK: Scans

    private func start(_ body: @escaping @Sendable (ScanJob) -> ScanOutcome) {
        do throws(Errno) {
            try OwnThread.start(named: "scan") { [self] in work(body) }.detach()
        } catch {
            // Another thread may come to it; if there is none, each waits for its time.
            state.withLock { $0.threads -= 1 }
        }
    }

    private func work(_ body: @Sendable (ScanJob) -> ScanOutcome) {
        while let (number, job) = next() {
            let outcome = body(job)
            // Before the place is gone: whoever waits for that dismounts the volume.
            job.file.close()
            let answers = state.withLock { state in state.end(number) }
            for answer in answers { answer(outcome) }
        }
    }

    fileprivate enum Next {
        case job(UInt64, ScanJob)
        case nothing
        case over
    }

    /// nil: the thread ends.
    private func next() -> (UInt64, ScanJob)? {
        while true {
            state.withLock { $0.idle += 1 }
            let next = state.wait(
                until: { $0.isOver || !$0.urgent.isEmpty || !$0.later.isEmpty },
                then: { $0.next() })
            switch next {
            case .job(let number, let job): return (number, job)
            case .nothing: continue
            case .over: return nil
            }
        }
    }

    // MARK: Going

    /// No request of the instance waits any more and none will, and its scans that have not begun
    /// are dropped. Those under way are waited for: the caller has them end.
    func leave(_ instance: FilterInstance) {
        let me = ObjectIdentifier(instance)
        let (files, answers) = state.withLock { state -> ([FileObject], [Answer]) in
            state.leaving.insert(me)
            var files: [FileObject] = []
            var answers: [Answer] = []
            for (number, place) in state.places where place.job.instance === instance {
                answers += place.waiting.values
                for ticket in place.waiting.keys { state.tickets[ticket] = nil }
                state.places[number]?.waiting = [:]
                guard place.began == nil else { continue }
                files.append(place.job.file)
                _ = state.end(number)
            }
            return (files, answers)
        }
        for answer in answers { answer(.leaving) }
        for file in files { file.close() }
        state.wait(
            until: { state in !state.places.values.contains { $0.job.instance === instance } },
            then: { _ in })
    }

    func forget(_ instance: FilterInstance) {
        state.withLock { _ = $0.leaving.remove(ObjectIdentifier(instance)) }
    }

    /// The threads end, once there is nothing to do.
    func end() { state.withLock { $0.isOver = true } }
    func begin() { state.withLock { $0.isOver = false } }
}

extension ScanDesk.State {
    fileprivate mutating func add(
        _ answer: @escaping ScanDesk.Answer, to number: UInt64
    ) -> ScanDesk.Ticket {
        last += 1
        places[number]?.waiting[last] = answer
        tickets[last] = number
        return ScanDesk.Ticket(number: last)
    }

    fileprivate mutating func next() -> ScanDesk.Next {
        idle -= 1
        if isOver {
            threads -= 1
            return .over
        }
        let number = urgent.isEmpty ? later.removeFirst() : urgent.removeFirst()
        guard let place = places[number], place.began == nil else { return .nothing }
        places[number]?.began = place.job.context.mark
        fresh -= 1
        return .job(number, place.job)
    }

    /// Takes a place away; returns those that still waited.
    fileprivate mutating func end(_ number: UInt64) -> [ScanDesk.Answer] {
        guard let place = places.removeValue(forKey: number) else { return [] }
        if place.began == nil { fresh -= 1 }
        let context = ObjectIdentifier(place.job.context)
        if newest[context] == number { newest[context] = nil }
        for ticket in place.waiting.keys { tickets[ticket] = nil }
        return Array(place.waiting.values)
    }
}
