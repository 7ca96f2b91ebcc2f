import BypassIOProtocol
public import IOStack

/// Records reads: user, process, file and range. By default the audit is optional: a bypassed read
/// goes unrecorded and costs nothing. If told to require every read, the filter withdraws bypass
/// from all files, and no file gets it until the requirement ends.
///
/// ```swift
/// let audit = ReadAudit()
/// try io.filterManager.attach(io.filterManager.register(audit), to: volume)
/// audit.requireEveryRead(true)
/// ```
///
/// Usable from any thread. Lock order: `state` and the trail are leaves.
public final class ReadAudit: Filter, ReadFilter {
    public let name = "readaudit"
    /// Lies in FSFilter Activity Monitor.
    public let altitude = Altitude(integer: 370_130)
    /// The filter can do without bypassed reads until it withdraws bypass.
    public let supportedFeatures: FilterRegistration.Features = .bypassIO
    public let kernelReads: KernelReadTerms? = .stoppable

    let trail: AuditTrail
    private let report: (@Sendable (AuditRecord, _ path: String) -> Void)?

    private struct State {
        var seesEveryRead = false
        var instances: [FilterInstance] = []
    }
    private let state = Guarded(State())

    /// Keeps the newest `capacity` records. `report` gets each record, with the path by which
    /// the file was opened, on the thread that carries the read. It must not wait, nor send
    /// requests.
    public init(
        capacity: Int = 4096, report: (@Sendable (AuditRecord, _ path: String) -> Void)? = nil
    ) {
        trail = AuditTrail(capacity: max(1, capacity))
        self.report = report
    }

    /// Reads audited so far; and the newest records, oldest first.
    public var readsSeen: UInt64 { trail.total }
    public var records: [AuditRecord] { trail.records }

    // MARK: Reads

    /// A kernel read is recorded when the kernel asks: no filter learns how it ends.
    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        guard read.isKernelRead else { return .pass }
        record(read.file, read.offset, read.length, by: read.requestor, succeeded: true)
        return .passAndForget
    }

    public func didRead(_ read: PostRead) {
        record(read.file, read.offset, read.length, by: read.requestor, succeeded: read.isSuccess)
    }

    private func record(
        _ file: FileObject, _ offset: UInt64, _ length: Int, by requestor: Requestor,
        succeeded: Bool
    ) {
        let record = trail.append { number in
            AuditRecord(
                number: number, userID: requestor.userID, processID: requestor.processID,
                file: file.stream.id, offset: offset, length: length, succeeded: succeeded)
        }
        report?(record, file.openedPath)
    }

    // MARK: Bypass

    /// Whether every read must pass this filter.
    public var requiresEveryRead: Bool { state.withLock { $0.seesEveryRead } }

    /// Turns BypassIO off, and on again, on the volumes that this filter is attached to.
    ///
    /// With `required` set: when the call returns, no read goes past the filter until a call with
    /// `false`. Files that had bypass before the filter was attached count like the others.
    ///
    /// - Returns: nil, or why reads may still go past the filter, such as STATUS_IO_TIMEOUT if a
    ///   read does not end. No file object gets bypass anew; another call with `true` tries again.
    @discardableResult
    public func requireEveryRead(_ required: Bool) -> IOFailure? {
        state.withLock { $0.seesEveryRead = required }
        return applyRequirement()
    }

    public func didAttach(_ instance: FilterInstance) {
        state.withLock { $0.instances.append(instance) }
        applyRequirement()
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        state.withLock { $0.instances.removeAll { $0 === instance } }
    }

    @discardableResult
    private func applyRequirement() -> IOFailure? {
        while true {
            let (required, instances) = state.withLock { ($0.seesEveryRead, $0.instances) }
            var failure: IOFailure?
            for instance in instances {
                do throws(IOFailure) {
                    try apply(required, to: instance.bypass)
                } catch {
                    // An instance that is being detached needs nothing any more.
                    if error.status != .fltDeletingObject { failure = failure ?? error }
                }
            }
            // Another thread may have changed the requirement meanwhile, and this one may have
            // overwritten its work.
            if required == requiresEveryRead { return failure }
        }
    }

    private func apply(
        _ required: Bool, to bypass: FilterInstance.Bypass
    ) throws(IOFailure) {
        guard required else { return bypass.restore() }
        try bypass.withdraw(
            .notSupportedWithAuditing, reason: "Every read of this volume is being audited.")
    }
}

/// The newest records, up to a fixed number.
///
/// Lock order: a leaf.
final class AuditTrail: Sendable {
    private struct State {
        var records: [AuditRecord] = []
        var next = 0
        var total: UInt64 = 0
    }

    private let capacity: Int
    private let state = Guarded(State())

    init(capacity: Int) {
        self.capacity = capacity
        state.withLock { $0.records.reserveCapacity(capacity) }
    }

    @discardableResult
    func append(_ make: (UInt64) -> AuditRecord) -> AuditRecord {
        state.withLock { state in
            let record = make(state.total)
            state.total += 1
            if state.records.count < capacity {
                state.records.append(record)
            } else {
                state.records[state.next] = record
                state.next = (state.next + 1) % capacity
            }
            return record
        }
    }

    /// Oldest first.
    var records: [AuditRecord] {
        state.withLock { Array($0.records[$0.next...] + $0.records[..<$0.next]) }
    }

    var total: UInt64 { state.withLock { $0.total } }

    /// The records from before, as many of the newest as there is room for.
    func restore(_ records: [AuditRecord], total: UInt64) {
        state.withLock { state in
            state.records = Array(records.suffix(capacity))
            state.next = 0
            state.total = total
        }
    }

    /// Both of one moment.
    var saved: (records: [AuditRecord], total: UInt64) {
        state.withLock { (Array($0.records[$0.next...] + $0.records[..<$0.next]), $0.total) }
    }
}

/// A read that the audit saw.
public struct AuditRecord: Sendable, Equatable {
    /// Counts every audited read, from 0. A gap in a listing means that records were dropped.
    public let number: UInt64
    public let userID: UInt32
    public let processID: Int32
    public let file: FileID
    /// In bytes.
    public let offset: UInt64
    /// Bytes asked for.
    public let length: Int
    public let succeeded: Bool
}
