import BypassIOProtocol
public import IOStack
import Synchronization

/// Looks for signatures in what is read, and fails the read that finds one. A file whose whole
/// content was scanned and found clean needs no more looking: its handles may bypass.
///
/// An ENABLE or QUERY of a file not scanned yet scans it at once, through reads that only what is
/// below sees. A write to a clean file makes it unknown again: the bypass of its handles is paused
/// before the write goes on, and resumes by itself when the next resume's QUERY scanned it clean.
///
/// A signature that begins in one read and ends in another is found only by the scan, not by the
/// reads. Usable from any thread.
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
        FilterRegistration(
            name: "contentscan", altitude: Altitude(integer: 321_730),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(.read, postOperation: postRead),
                OperationRegistration(.write, preOperation: preChange, postOperation: postChange),
                OperationRegistration(
                    .setInformation, preOperation: preChange, postOperation: postChange),
                OperationRegistration(.fileSystemControl, preOperation: preControl),
            ],
            contexts: [.stream])
    }

    // MARK: Callbacks

    private var postRead: PostOperationCallback {
        { [self] data, instance, _ in
            guard data.ioStatus.status.isSuccess, let file = data.fileObject,
                let buffer = data.buffer
            else { return .finishedProcessing }
            reads.wrappingAdd(1, ordering: .relaxed)
            let found = buffer.withBytes(data.ioStatus.information) { firstMatch(in: $0) }
            if let found {
                let verdict = verdictContext(on: file.stream, by: instance)
                verdict.conclude(.infected(signature: found.name), since: verdict.changes)
                // The reader must not see the bytes.
                buffer.withMutableBytes(data.ioStatus.information) { bytes in
                    for index in bytes.indices { bytes[index] = 0 }
                }
                data.fail(.virusInfected)
            }
            return .finishedProcessing
        }
    }

    private var preChange: PreOperationCallback {
        { [self] data, instance in
            guard let file = data.fileObject, data.parameters.changesData else {
                return .successNoCallback
            }
            // Veto first, then pause, then let the change through (spec 4.4).
            let wasClean = verdictContext(on: file.stream, by: instance).beginChange()
            if wasClean, file.stream.bypassOpenCount > 0 {
                _ = try? instance.bypassIO(.streamPause, on: file)
            }
            return .successWithCallback(.none)
        }
    }

    private var postChange: PostOperationCallback {
        { [self] data, instance, _ in
            if let file = data.fileObject {
                verdictContext(on: file.stream, by: instance).endChange()
            }
            return .finishedProcessing
        }
    }

    private var preControl: PreOperationCallback {
        { [self] data, instance in
            guard data.bypassIOQuestion != nil, let file = data.fileObject,
                file.stream.kind == .file
            else { return .successNoCallback }
            let veto: (NTStatus, String)? =
                switch scan(file, by: instance) {
                case .clean: nil
                case .infected(let signature):
                    (.virusInfected, "The file holds the signature \(signature).")
                case .unknown:
                    (.virusInfected, "The file could not be scanned.")
                }
            guard let veto else { return .successNoCallback }
            data.vetoBypassIO(instance, status: veto.0, reason: veto.1)
            return .complete
        }
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
