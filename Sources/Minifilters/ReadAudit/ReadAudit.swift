import BypassIOProtocol
public import IOStack
import Synchronization

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
/// Usable from any thread. Lock order: `bypassed` and the trail are leaves.
public final class ReadAudit: Sendable {
    /// The status of its veto: Win32 499.
    static let vetoReason = "Every read of this volume is being audited."

    private let trail: AuditTrail
    private let seesEveryRead = Atomic<Bool>(false)
    /// File objects that got bypass past this filter, with the instance that let them.
    private let bypassed = Mutex<[BypassedFile]>([])

    private struct BypassedFile {
        weak var file: FileObject?
        weak var instance: FilterInstance?
    }

    /// Keeps the newest `capacity` records.
    public init(capacity: Int = 4096) {
        trail = AuditTrail(capacity: max(1, capacity))
    }

    /// Reads audited so far, and the newest of them, oldest first.
    public var readsSeen: UInt64 { trail.total }
    public var records: [AuditRecord] { trail.records }

    /// Whether every read must pass here.
    public var requiresEveryRead: Bool { seesEveryRead.load(ordering: .acquiring) }

    /// Turns BypassIO off (and on again) for what this filter is attached to.
    ///
    /// On: first the veto stands, so that no new bypass passes; then every file that has bypass is
    /// paused from this filter downward. When the call returns, no read goes past the filter. Off:
    /// the veto falls, then each paused file is asked about again from the top.
    public func requireEveryRead(_ required: Bool) {
        seesEveryRead.store(required, ordering: .sequentiallyConsistent)
        let files = bypassed.withLock { files in
            files.removeAll { $0.file.map(\.isClosed) ?? true }
            return files.map { ($0.file, $0.instance) }
        }
        for case (let file?, let instance?) in files {
            // A pause and a resume of a file that was closed meanwhile fail, and need nothing.
            if required {
                _ = try? instance.bypassIO(.streamPause, on: file)
            } else {
                _ = try? file.bypassIO(.streamResume, requestor: .kernel)
            }
        }
    }

    /// What the filter manager is told. The altitude is in FSFilter Activity Monitor.
    public var registration: FilterRegistration {
        FilterRegistration(
            name: "readaudit", altitude: Self.altitude, supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(.read, postOperation: postRead),
                OperationRegistration(
                    .fileSystemControl, preOperation: preControl, postOperation: postControl),
            ])
    }

    private static let altitude = Altitude(integer: 370_130)

    private var postRead: PostOperationCallback {
        { [trail] data, _, _ in
            guard case .read(let offset, let length) = data.parameters,
                let file = data.fileObject
            else { return .finishedProcessing }
            trail.append { number in
                AuditRecord(
                    number: number, userID: data.requestor.userID,
                    processID: data.requestor.processID, file: file.stream.id, offset: offset,
                    length: length, succeeded: data.ioStatus.status.isSuccess)
            }
            return .finishedProcessing
        }
    }

    private var preControl: PreOperationCallback {
        { [self] data, instance in
            guard data.bypassIOQuestion != nil else { return .successNoCallback }
            guard requiresEveryRead else { return .successWithCallback(.none) }
            data.vetoBypassIO(
                instance, status: .notSupportedWithAuditing, reason: Self.vetoReason)
            return .complete
        }
    }

    private var postControl: PostOperationCallback {
        { [self] data, instance, _ in
            guard data.bypassIOQuestion == .enable, let file = data.fileObject,
                data.bypassIOVerdict?.status.isSuccess == true
            else { return .finishedProcessing }
            bypassed.withLock { files in
                guard !files.contains(where: { $0.file === file }) else { return }
                files.removeAll { $0.file == nil }
                files.append(BypassedFile(file: file, instance: instance))
            }
            // The requirement may have come while the ENABLE was below.
            if requiresEveryRead { _ = try? instance.bypassIO(.streamPause, on: file) }
            return .finishedProcessing
        }
    }
}
