import BypassIOProtocol
import Dispatch
public import IOStack

/// Has programs decide about operations on files: a filter that runs in processes of its own, in
/// any language.
///
/// A program connects to the filter's port and registers for operations and names of files
/// (docs/ports.md). Then it is asked about each such operation, and allows or denies it. Several
/// may be connected: all of those that are asked have to allow it. The request is pended meanwhile:
/// it takes no thread. A program that does not answer in time, or goes, or talks nonsense, decides
/// nothing: then the filter's own setting does (``Away``).
///
/// While a program is registered for reads of a file, the filter refuses BypassIO for it and names
/// the program. Files that no program wants to see the reads of bypass.
///
/// Usable from any thread. Lock order: `state` is a leaf; no request goes on, no program is asked,
/// and no bypass is asked for, under it.
public final class ProcessFilter: Filter {
    public let name = "process"
    /// Lies in FSFilter Activity Monitor, below the rules of `policy`.
    public let altitude = Altitude(integer: 385_200)
    public let kernelReads: KernelReadTerms? = .stoppable
    public let port: CommunicationPort

    /// What is done about an operation whose program decides nothing.
    public enum Away: String, Sendable, CaseIterable {
        /// It goes on. Registrations end with their connections.
        case allow
        /// EACCES. Registrations outlive their connections, and until the first no file can be
        /// opened.
        case deny
    }

    /// Questions in a row that a program may leave unanswered before it is disconnected.
    private static let patienceInARow = 8

    private struct State {
        var programs: RegisteredPrograms
        var held = HeldOperations()
        var instances: [FilterInstance] = []
        var counts = ProcessCounts()
        var observer: (@Sendable () -> Void)?
    }

    private let state: Guarded<State>
    /// What may wait for other filters, when a program goes: who tells of its end must not wait.
    private let partings = DispatchQueue(label: "programs that went")
    private let away: Away
    private let patience: Duration
    private let user: @Sendable (UInt32) -> UInt32
    private let report: @Sendable (ProcessEvent) -> Void

    /// - Parameters:
    ///   - port: the name of the port.
    ///   - patience: how long a program has for an answer.
    ///   - away: what counts when it gives none.
    ///   - report: gets each denial, and each time that a program decided nothing, on any thread.
    ///     It must neither wait nor send requests.
    ///   - user: the number by which programs know a user, for the number that a request has.
    public init(
        port: String = "process", patience: Duration = .seconds(2), away: Away = .allow,
        report: @escaping @Sendable (ProcessEvent) -> Void = { _ in },
        user: @escaping @Sendable (UInt32) -> UInt32 = { $0 }
    ) {
        self.port = CommunicationPort(name: port)
        self.patience = patience
        self.away = away
        self.user = user
        self.report = report
        state = Guarded(State(programs: RegisteredPrograms(isStrict: away == .deny)))
    }

    public var counts: ProcessCounts { state.withLock { $0.counts } }

    /// Operations that wait for a program now.
    public var waiting: Int { state.withLock { $0.held.count } }

    /// Names of registered programs, and whether they are connected.
    public var programs: [(name: String, isConnected: Bool)] {
        state.withLock { $0.programs.names }
    }

    // MARK: Asking

    /// Some program may be asked about one of these.
    func mayAsk(_ operations: ProcessOperations) -> Bool {
        state.withLock { $0.programs.mayJudge(operations) }
    }

    /// Asks the programs that are registered for an operation; with none it goes on.
    func consider<Request: PreOperation>(
        _ request: Request, _ operation: ProcessOperations,
        _ path: String, newPath: String? = nil, access: [String]? = nil, offset: UInt64? = nil,
        length: Int? = nil
    ) -> PreOperationAnswer {
        let requestor = request.requestor
        guard requestor.mode == .user, !request.isGenerated else { return .passAndForget }
        let judge = state.withLock {
            $0.programs.judge(
                operation, [path] + (newPath.map { [$0] } ?? []), requestor.processID)
        }
        if case .nobody = judge { return .passAndForget }
        let asked = AskedOperation(
            operation: operation.words, path: path, newPath: newPath,
            process: requestor.processID, user: user(requestor.userID), access: access,
            offset: offset, length: length)
        switch judge {
        case .nobody: return .passAndForget
        case .away(let name): return undecided(asked, name, .gone)
        case .programs(let programs): return ask(request, asked, programs)
        }
    }

    private func ask<Request: PreOperation>(
        _ request: Request, _ asked: AskedOperation,
        _ programs: [(name: String, connection: PortConnection)]
    ) -> PreOperationAnswer {
        let held = HeldOperations.Held(
            instance: ObjectIdentifier(request.instance), asked: asked, open: programs.count,
            resume: { request.resume($0) })
        let added = state.withLock { state -> UInt64? in
            state.counts.asked += 1
            return state.held.add(held)
        }
        guard let number = added else { return undecided(asked, nil, .full) }
        let cancel: @Sendable () -> Void = { [weak self] in
            self?.state.withLock { $0.held.take(number) }?.resume(.fail(.cancelled))
        }
        if request.data.setCancelHandler(request.instance, cancel) == .cancelled { cancel() }
        let message = PortMessage.bytes(asked)
        for (name, connection) in programs {
            do throws(NTStatus) {
                try connection.ask(message, within: patience) { [weak self] result in
                    self?.answered(number, name, connection, result)
                }
            } catch {
                answered(number, name, connection, .failure(error))
            }
        }
        return .pend
    }

    /// What a program replied, or why it did not.
    private func answered(
        _ number: UInt64, _ name: String, _ connection: PortConnection,
        _ result: Result<[UInt8], NTStatus>
    ) {
        switch result {
        case .success(let bytes):
            _ = state.withLock { state in
                state.programs.count(connection, isLate: false, limit: Self.patienceInARow)
            }
            switch ProcessAnswer(bytes) {
            case .allow: allow(number)
            case .deny(let status): deny(number, status, name)
            case nil:
                settleUndecided(number, name, .malformed)
                connection.disconnect()
            }
        case .failure(.timeout):
            settleUndecided(number, name, .late)
            let isDropped = state.withLock { state in
                state.programs.count(connection, isLate: true, limit: Self.patienceInARow)
            }
            if isDropped { drop(connection, name) }
        case .failure(.portDisconnected): settleUndecided(number, name, .gone)
        case .failure: settleUndecided(number, name, .full)
        }
    }

    private func allow(_ number: UInt64) {
        let held = state.withLock { state -> HeldOperations.Held? in
            guard let held = state.held.allow(number) else { return nil }
            // Each operation is counted once.
            if held.isUndecided { state.counts.away += 1 } else { state.counts.allowed += 1 }
            return held
        }
        held?.resume(.passAndForget)
    }

    private func deny(_ number: UInt64, _ status: NTStatus, _ name: String) {
        let held = state.withLock { state -> HeldOperations.Held? in
            let held = state.held.take(number)
            if held != nil { state.counts.denied += 1 }
            return held
        }
        guard let held else { return }
        held.resume(.fail(status))
        tell(.denied, name, held.asked, isAllowed: false)
    }

    // MARK: Programs that decide nothing

    private func settleUndecided(
        _ number: UInt64, _ name: String, _ outcome: ProcessEvent.Outcome
    ) {
        let found = state.withLock { state -> HeldOperations.Held? in
            guard away == .deny else {
                state.held.leaveUndecided(number)
                return state.held.request(number)
            }
            return state.held.take(number)
        }
        guard let held = found else { return }
        guard away == .allow else { return held.resume(undecided(held.asked, name, outcome)) }
        tell(outcome, name, held.asked, isAllowed: true)
        allow(number)
    }

    private func undecided(
        _ asked: AskedOperation, _ name: String?, _ outcome: ProcessEvent.Outcome
    ) -> PreOperationAnswer {
        state.withLock { $0.counts.away += 1 }
        tell(outcome, name, asked, isAllowed: away == .allow)
        return away == .allow ? .passAndForget : .fail(.accessDenied)
    }

    private func drop(_ connection: PortConnection, _ name: String) {
        report(
            ProcessEvent(
                outcome: .dropped, program: name, path: "", operation: "", process: 0,
                isAllowed: away == .allow))
        partings.async { connection.disconnect() }
    }

    private func tell(
        _ outcome: ProcessEvent.Outcome, _ name: String?, _ asked: AskedOperation,
        isAllowed: Bool
    ) {
        report(
            ProcessEvent(
                outcome: outcome, program: name, path: asked.path, operation: asked.operation,
                process: asked.process, isAllowed: isAllowed))
    }

    // MARK: Programs

    /// A program's registration holds when this returns: no read that it wants to see goes past.
    /// Throws where reads that bypass do not end; the registration is there, and saying it again
    /// tries again.
    func register(
        _ registration: ProcessRegistration, _ connection: PortConnection
    ) throws(IOFailure) -> Bool {
        let (isTaken, hadReaders, instances) = state.withLock { state in
            let hadReaders = state.programs.hasReaders
            return (
                state.programs.add(registration, connection), hadReaders, state.instances
            )
        }
        guard isTaken else { return false }
        registrationsChanged()
        guard hadReaders || registration.operations.contains(.read) else { return true }
        try takeBypassBack(on: instances)
        return true
    }

    func unregister(_ connection: PortConnection) -> Bool {
        let gone = state.withLock { $0.programs.remove(connection) }
        if gone != nil { registrationsChanged() }
        if gone?.operations.contains(.read) == true { giveBypassBack() }
        return gone != nil
    }

    public func didDisconnect(_ connection: PortConnection) {
        guard state.withLock({ $0.programs.left(connection) }) else { return }
        partings.async { self.giveBypassBack() }
    }

    /// - Parameter body: called after each change of what ``savedState()`` has, and before the
    ///   program hears of it. Any thread.
    public func whenRegistrationsChange(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.observer = body }
    }

    private func registrationsChanged() {
        let body = state.withLock { $0.observer }
        body?()
    }

    /// What is registered, for another process.
    var savedPrograms: [ProcessRegistration]? { state.withLock { $0.programs.saved } }

    func restorePrograms(_ saved: [ProcessRegistration]) {
        state.withLock { $0.programs.restore(saved) }
    }

    // MARK: Bypass

    func reader(of path: String) -> String? { state.withLock { $0.programs.reader(of: path) } }

    /// ENABLEs under way passed before the program came. A withdrawal from all files has them asked
    /// again; after its end the filter's own answer holds back those that programs want to see, and
    /// the others go on.
    private func takeBypassBack(on instances: [FilterInstance]) throws(IOFailure) {
        var failure: IOFailure?
        for instance in instances {
            do throws(IOFailure) {
                try instance.bypass.withdraw(
                    .notSupportedWithMonitoring, reason: "The programs of process change.")
            } catch {
                // An instance that is being detached needs nothing any more.
                if error.status != .fltDeletingObject { failure = failure ?? error }
            }
            instance.bypass.restore()
        }
        if let failure { throw failure }
    }

    private func giveBypassBack() {
        for instance in state.withLock({ $0.instances }) { instance.bypass.restore() }
    }

    // MARK: Coming and going

    public func didAttach(_ instance: FilterInstance) {
        let hasReaders = state.withLock { state in
            state.instances.append(instance)
            return state.programs.hasReaders
        }
        // Files may have had bypass before. What cannot be taken back is told by the stack.
        if hasReaders { try? takeBypassBack(on: [instance]) }
    }

    /// Programs are disconnected by now, unless the filter is attached elsewhere, too.
    public func willDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        let left = state.withLock { $0.held.leave(ObjectIdentifier(instance)) }
        for held in left { held.resume(undecided(held.asked, nil, .gone)) }
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        state.withLock { state in
            state.held.forget(ObjectIdentifier(instance))
            state.instances.removeAll { $0 === instance }
        }
    }
}
