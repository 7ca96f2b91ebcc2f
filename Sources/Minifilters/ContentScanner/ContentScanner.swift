import BypassIOProtocol
import Glibc
public import IOStack
import Synchronization

/// Looks for signatures in what is read, and fails the read that finds one. A file whose whole
/// content was scanned and found clean needs no more looking: its handles may bypass.
///
/// An ENABLE, or a STREAM_RESUME of a paused file, scans the file if no verdict on it is known,
/// through reads that only what is below sees. A QUERY scans nothing. It tells the verdict if there
/// is one; without, it has nothing against a file that nobody bypasses for, which an ENABLE would
/// scan, and refuses one that was changed while somebody has bypass.
///
/// A verdict is of a version of the file and is kept when the file is closed, of the files asked
/// about last, if the file had been left alone for two seconds when the scan began and nobody had
/// it open for writing until it ended. An open for writing makes it forgotten. A write makes the
/// file unknown at once: the bypass of its handles is paused before the write goes on, and ended by
/// a STREAM_RESUME whose scan finds nothing.
///
/// A signature that begins in one read and ends in another is found only by the scan, not by the
/// reads. Files that had bypass before the filter was attached are paused and scanned by the
/// attach. Usable from any thread.
public final class ContentScanner: Sendable {
    let signatures: [Signature]
    private let reads = Atomic<UInt64>(0)
    private let keptVerdictLimit: Int
    /// Seconds since 1970.
    let clock: @Sendable () -> Int64
    private let report: (@Sendable (ScanFinding) -> Void)?

    /// - Parameters:
    ///   - keptVerdicts: of how many files per volume verdicts are kept at most, about 200 bytes
    ///     each.
    ///   - report: is told what is found, from the thread that found it, each time: it must not
    ///     wait, nor send requests.
    public convenience init(
        signatures: [Signature], keptVerdicts: Int = 32_768,
        report: (@Sendable (ScanFinding) -> Void)? = nil
    ) {
        self.init(
            signatures: signatures, keptVerdicts: keptVerdicts,
            clock: { Int64(time(nil)) }, report: report)
    }

    init(
        signatures: [Signature], keptVerdicts: Int, clock: @escaping @Sendable () -> Int64,
        report: (@Sendable (ScanFinding) -> Void)?
    ) {
        self.signatures = signatures
        keptVerdictLimit = keptVerdicts
        self.clock = clock
        self.report = report
    }

    /// Reads of others looked at so far.
    public var readsSeen: UInt64 { reads.load(ordering: .relaxed) }

    /// What an instance knows of a file.
    public static func verdict(
        on stream: IOStack.Stream, by instance: FilterInstance
    ) -> ScanVerdict.State {
        (instance.context(on: .stream(stream)) as? ScanVerdict)?.state ?? .unknown
    }

    /// What the filter manager is told. The altitude is in FSFilter Anti-Virus.
    public var registration: FilterRegistration {
        var registration = FilterRegistration(
            name: "contentscan", altitude: Altitude(integer: 321_730),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(.create, postOperation: postCreate),
                OperationRegistration(
                    .read, preOperation: preRead, postOperation: postRead),
                OperationRegistration(.write, preOperation: preChange, postOperation: postChange),
                OperationRegistration(
                    .setInformation, preOperation: preChange, postOperation: postChange),
                OperationRegistration(.fileSystemControl, preOperation: preControl),
            ],
            contexts: [.stream, .instance],
            instanceSetupComplete: { [self] instance in takeIn(instance) },
            instanceTeardownComplete: { [self] instance, _ in letGo(instance) })
        registration.kernelReads = .stoppable
        return registration
    }

    // MARK: Reads

    /// A read that the kernel carries is looked at before: its bytes never come by here.
    private var preRead: PreOperationCallback {
        { [self] data, instance in
            guard data.isKernelRead else { return .successWithCallback(.none) }
            guard let file = data.fileObject, case .read(let offset, let length) = data.parameters
            else { return .successNoCallback }
            reads.wrappingAdd(1, ordering: .relaxed)
            let holdsSignature =
                switch known(of: file, by: instance, lastingOnly: false) {
                case .clean: false
                case .infected: true
                case .unknown:
                    holdsSignature(
                        file, at: offset, length: length, by: instance, data.requestor)
                }
            guard holdsSignature else { return .successNoCallback }
            data.fail(.virusInfected)
            return .complete
        }
    }

    private var postRead: PostOperationCallback {
        { [self] data, instance, _ in
            guard data.ioStatus.status.isSuccess, let file = data.fileObject,
                let buffer = data.buffer
            else { return .finishedProcessing }
            reads.wrappingAdd(1, ordering: .relaxed)
            let found = buffer.withBytes(data.ioStatus.information) { firstMatch(in: $0) }
            if let found {
                verdictContext(on: file.stream, by: instance).condemn(
                    found.name, in: FileVersion(of: file))
                tell(found, file, .read, data.requestor)
                // The reader must not see the bytes, nor anybody past this filter.
                buffer.withMutableBytes(data.ioStatus.information) { bytes in
                    for index in bytes.indices { bytes[index] = 0 }
                }
                data.fail(.virusInfected)
                _ = try? pause(file, by: instance)
            }
            return .finishedProcessing
        }
    }

    // MARK: Changes

    /// What was known of a file that was cut to nothing is not true of what it will hold; and of
    /// one that is open for writing nobody knows for how long.
    private var postCreate: PostOperationCallback {
        { [self] data, instance, _ in
            guard case .create(let parameters) = data.parameters,
                data.ioStatus.status.isSuccess, let stream = data.fileObject?.stream,
                stream.kind == .file
            else { return .finishedProcessing }
            let truncates = parameters.disposition.truncates
            guard truncates || parameters.access.contains(.write) else {
                return .finishedProcessing
            }
            let verdict = verdictContext(on: stream, by: instance)
            if truncates { verdict.forget() }
            verdict.beginWriting()
            keptVerdicts(of: instance)?.forget(stream.id)
            return .finishedProcessing
        }
    }

    /// Veto first, then pause, then let the change through (spec 4.4). Every change pauses, not
    /// only the first of a clean file: that one's pause may still be waiting for reads in flight.
    private var preChange: PreOperationCallback {
        { [self] data, instance in
            guard let file = data.fileObject, data.parameters.changesData else {
                return .successNoCallback
            }
            let verdict = verdictContext(on: file.stream, by: instance)
            verdict.beginChange()
            keptVerdicts(of: instance)?.forget(file.stream.id)
            do throws(IOFailure) {
                try pause(file, by: instance)
            } catch {
                // Unpaused bypass would show others what nobody scanned. The handle was closed.
                verdict.endChange()
                data.fail(error.status)
                return .complete
            }
            return .successWithCallback(.object(verdict))
        }
    }

    private var postChange: PostOperationCallback {
        { _, _, context in
            if case .object(let verdict as ScanVerdict) = context { verdict.endChange() }
            return .finishedProcessing
        }
    }

    /// Keeps the file's reads from going past this filter, if any do.
    private func pause(_ file: FileObject, by instance: FilterInstance) throws(IOFailure) {
        guard file.stream.mayHaveBypass else { return }
        do throws(IOFailure) {
            _ = try instance.bypassIO(.streamPause, on: file)
        } catch {
            // A filter that is being detached has no say any more.
            guard error.status != .fltDeletingObject else { return }
            throw error
        }
    }

    // MARK: Controls

    private var preControl: PreOperationCallback {
        { [self] data, instance in
            guard let operation = data.bypassIOInput?.operation, let file = data.fileObject,
                file.stream.kind == .file
            else { return .successNoCallback }
            switch operation {
            case .enable: return preEnable(data, file, instance)
            case .query: return preQuery(data, file, instance)
            case .streamResume:
                // The QUERY of the resume asks what this finds.
                if file.stream.isPaused { _ = scan(file, by: instance) }
                return .successNoCallback
            default: return .successNoCallback
            }
        }
    }

    private func preEnable(
        _ data: CallbackData, _ file: FileObject, _ instance: FilterInstance
    ) -> PreOperationResult {
        let state = scan(file, by: instance)
        return state == .clean ? .successNoCallback : refuse(data, file, instance, state)
    }

    /// A question: it takes no time and changes nothing. What has bypass and is not known to be
    /// clean was changed since it was found so, and a resume must not pass by this answer.
    private func preQuery(
        _ data: CallbackData, _ file: FileObject, _ instance: FilterInstance
    ) -> PreOperationResult {
        switch known(of: file, by: instance, lastingOnly: false) {
        case .clean: return .successNoCallback
        case .unknown where !file.stream.mayHaveBypass: return .successNoCallback
        case let state: return refuse(data, file, instance, state)
        }
    }

    private func refuse(
        _ data: CallbackData, _ file: FileObject, _ instance: FilterInstance,
        _ state: ScanVerdict.State
    ) -> PreOperationResult {
        guard case .infected(let signature) = state else {
            data.vetoBypassIO(
                instance, status: .notSupportedWithMonitoring,
                reason: "The file was changed and is not scanned yet, or it cannot be read.")
            return .complete
        }
        _ = try? pause(file, by: instance)
        data.vetoBypassIO(
            instance, status: .virusInfected, reason: "The file holds the signature \(signature).")
        return .complete
    }

    /// Files that had bypass before the filter came: each is paused, and its resume has it scanned.
    private func takeIn(_ instance: FilterInstance) {
        try? instance.pauseBypass()
        instance.resumeBypass()
    }

    /// Who is gone has no reason any more to keep files paused.
    private func letGo(_ instance: FilterInstance) {
        instance.resumeBypass()
    }

    func verdictContext(
        on stream: IOStack.Stream, by instance: FilterInstance
    ) -> ScanVerdict {
        if let known = instance.context(on: .stream(stream)) as? ScanVerdict { return known }
        let verdict = ScanVerdict()
        let old = try? instance.setContext(verdict, on: .stream(stream), .keepIfExists)
        return old as? ScanVerdict ?? verdict
    }

    /// nil while the instance is being detached.
    func keptVerdicts(of instance: FilterInstance) -> KeptVerdicts? {
        if let known = instance.context(on: .instance) as? KeptVerdicts { return known }
        let verdicts = KeptVerdicts(capacity: keptVerdictLimit)
        do throws(NTStatus) {
            let old = try instance.setContext(verdicts, on: .instance, .keepIfExists)
            return old as? KeptVerdicts ?? verdicts
        } catch {
            return nil
        }
    }

    func tell(
        _ found: Signature, _ file: FileObject, _ occasion: ScanFinding.Occasion,
        _ requestor: Requestor
    ) {
        report?(
            ScanFinding(
                signature: found.name, file: file.stream.id, path: file.openedPath,
                occasion: occasion, requestor: requestor))
    }

    func firstMatch(in bytes: Span<UInt8>) -> Signature? {
        for signature in signatures where signature.firstMatch(in: bytes) != nil {
            return signature
        }
        return nil
    }
}

extension IOParameters {
    /// Whether bytes that a scan has seen may be others afterwards.
    fileprivate var changesData: Bool {
        switch self {
        case .write, .setInformation(.endOfFile), .setInformation(.allocation): true
        default: false
        }
    }
}
