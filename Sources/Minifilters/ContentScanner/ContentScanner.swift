import BypassIOProtocol
public import IOStack
import Synchronization

/// Looks for signatures in what is read, and fails the read that finds one. A file whose whole
/// content was scanned and found clean needs no more looking: its handles may bypass.
///
/// An ENABLE or QUERY of a file not scanned yet scans it at once, through reads that only what is
/// below sees. A write makes the file unknown again: the bypass of its handles is paused before the
/// write goes on. A STREAM_RESUME ends that pause if the scan that its QUERY causes finds nothing.
///
/// A signature that begins in one read and ends in another is found only by the scan, not by the
/// reads. Files that had bypass before the filter was attached are paused and scanned by the attach.
/// Usable from any thread.
public final class ContentScanner: Sendable {
    let signatures: [Signature]
    private let reads = Atomic<UInt64>(0)

    public init(signatures: [Signature]) {
        self.signatures = signatures
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
            contexts: [.stream],
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
                switch scan(file, by: instance) {
                case .clean: false
                case .infected: true
                case .unknown: holdsSignature(file, at: offset, length: length, by: instance)
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
                verdictContext(on: file.stream, by: instance).condemn(found.name)
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

    /// What was known of a file that was cut to nothing is not true of what it will hold.
    private var postCreate: PostOperationCallback {
        { [self] data, instance, _ in
            if case .create(let parameters) = data.parameters, parameters.disposition.truncates,
                data.ioStatus.status.isSuccess, let stream = data.fileObject?.stream,
                stream.kind == .file
            {
                verdictContext(on: stream, by: instance).forget()
            }
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
            guard data.bypassIOQuestion != nil, let file = data.fileObject,
                file.stream.kind == .file
            else { return .successNoCallback }
            let veto: (NTStatus, String)
            switch scan(file, by: instance) {
            case .clean:
                return .successNoCallback
            case .infected(let signature):
                veto = (.virusInfected, "The file holds the signature \(signature).")
                _ = try? pause(file, by: instance)
            case .unknown:
                veto = (
                    .notSupportedWithMonitoring,
                    "The file is being changed or cannot be read, so it could not be scanned."
                )
            }
            data.vetoBypassIO(instance, status: veto.0, reason: veto.1)
            return .complete
        }
    }

    /// Files that had bypass before the filter came: each is paused, and the QUERY that its resume
    /// sends has it scanned.
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
