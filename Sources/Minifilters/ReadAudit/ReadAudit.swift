import BypassIOProtocol
public import IOStack

/// Records who reads what. Optional by default: a bypassed read goes unrecorded, and costs
/// nothing. When told to see every read it takes the bypass back from every file that has it and
/// vetoes until told otherwise.
///
/// ```swift
/// let audit = ReadAudit()
/// let filter = try io.filterManager.register(audit.registration)
/// try io.filterManager.attach(filter, to: volume)
/// audit.requireEveryRead(true)
/// ```
///
/// Usable from any thread. Lock order: `state` and the trail are leaves.
public final class ReadAudit: Sendable {
    /// The reason of its veto, whose status is Win32 499.
    static let vetoReason = "Every read of this volume is being audited."

    private let trail: AuditTrail
    private let report: (@Sendable (AuditRecord, _ path: String) -> Void)?

    private struct State {
        var seesEveryRead = false
        var instances: [FilterInstance] = []
    }
    private let state = Guarded(State())

    /// Keeps the newest `capacity` records.
    ///
    /// - Parameter report: is told each, with the path by which the file was opened, from the
    ///   thread that carries the read: it must not wait, nor send requests.
    public init(
        capacity: Int = 4096, report: (@Sendable (AuditRecord, _ path: String) -> Void)? = nil
    ) {
        trail = AuditTrail(capacity: max(1, capacity))
        self.report = report
    }

    /// Reads audited so far, and the newest of them, oldest first.
    public var readsSeen: UInt64 { trail.total }
    public var records: [AuditRecord] { trail.records }

    /// Whether every read must pass here.
    public var requiresEveryRead: Bool { state.withLock { $0.seesEveryRead } }

    /// Turns BypassIO off (and on again) for what this filter is attached to.
    ///
    /// On: first the veto stands, so that no new bypass passes; then every file that has bypass is
    /// paused from here downward. When the call returns, no read goes past the filter until
    /// somebody says off. Off: the veto falls, then each paused file is asked about again from the
    /// top. Files that had bypass before the filter was attached count like the others.
    public func requireEveryRead(_ required: Bool) {
        state.withLock { $0.seesEveryRead = required }
        var applied: Bool
        repeat {
            applied = requiresEveryRead
            if applied { pauseAll() } else { resumeAll() }
            // Somebody may have changed it while the files were gone through; a pause that came
            // after their resume would stay for good.
        } while applied != requiresEveryRead
    }

    /// Takes in the files that had bypass before the filter came.
    private func takeIn(_ instance: FilterInstance) {
        let isRequired = state.withLock { state in
            state.instances.append(instance)
            return state.seesEveryRead
        }
        if isRequired { requireEveryRead(true) }
    }

    private func pauseAll() {
        for instance in state.withLock({ $0.instances }) {
            // Fails for one that is being detached, which has no say any more.
            try? instance.pauseBypass()
        }
    }

    private func resumeAll() {
        for instance in state.withLock({ $0.instances }) { instance.resumeBypass() }
    }

    /// What the filter manager is told. The altitude is in FSFilter Activity Monitor.
    public var registration: FilterRegistration {
        var registration = FilterRegistration(
            name: "readaudit", altitude: Self.altitude, supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .read, preOperation: preRead, postOperation: postRead),
                OperationRegistration(.fileSystemControl, preOperation: preControl),
            ],
            instanceSetupComplete: { [self] instance in takeIn(instance) },
            instanceTeardownComplete: { [self] instance, _ in letGo(instance) })
        registration.kernelReads = .stoppable
        return registration
    }

    private static let altitude = Altitude(integer: 370_130)

    /// A read that the kernel carries is recorded when it asks: nobody learns how it ends.
    private var preRead: PreOperationCallback {
        { [self] data, _ in
            guard data.isKernelRead else { return .successWithCallback(.none) }
            record(data)
            return .successNoCallback
        }
    }

    private var postRead: PostOperationCallback {
        { [self] data, _, _ in
            // How a read ended that the filter leaves behind, it does not learn.
            if !data.isDraining { record(data) }
            return .finishedProcessing
        }
    }

    private func record(_ data: CallbackData) {
        guard case .read(let offset, let length) = data.parameters, let file = data.fileObject
        else { return }
        let record = trail.append { number in
            AuditRecord(
                number: number, userID: data.requestor.userID,
                processID: data.requestor.processID, file: file.stream.id, offset: offset,
                length: length, succeeded: data.ioStatus.status.isSuccess)
        }
        report?(record, file.openedPath)
    }

    private var preControl: PreOperationCallback {
        { [self] data, instance in
            guard data.bypassIOQuestion != nil, requiresEveryRead else {
                return .successNoCallback
            }
            data.vetoBypassIO(
                instance, status: .notSupportedWithAuditing, reason: Self.vetoReason)
            return .complete
        }
    }

    /// Who is gone has no reason any more to keep files paused.
    private func letGo(_ instance: FilterInstance) {
        state.withLock { $0.instances.removeAll { $0 === instance } }
        instance.resumeBypass()
    }
}
