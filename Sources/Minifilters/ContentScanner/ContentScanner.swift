import BypassIOProtocol
import Glibc
public import IOStack
import Synchronization

/// Looks for signatures in the data read, and fails a read that has one. Handles of a file may
/// bypass once a scan of its whole content has found it clean.
///
/// An ENABLE, or a STREAM_RESUME of a paused file, scans the file if no verdict on it is known,
/// through reads that only the layers below see. A QUERY scans nothing. If there is a verdict, it
/// answers by that. Without a verdict, it lets a file pass if no handle has bypass, because an
/// ENABLE would scan the file; it refuses a file that was changed while a handle has bypass.
///
/// A verdict belongs to a version of the file. It is kept when the file is closed, for the files
/// asked about last, on two conditions: the file had not changed for two seconds when the scan
/// began, and it was not open for writing until the scan ended. An open for writing discards the
/// verdict. A write makes the file unknown at once: the bypass of its handles is paused before the
/// write goes on. A STREAM_RESUME whose scan finds nothing ends the pause.
///
/// Only a scan finds a signature that begins in one read and ends in another. An attach pauses and
/// scans the files that had bypass before. Usable from any thread.
public final class ContentScanner: Filter {
    public let name = "contentscan"
    /// Lies in FSFilter Anti-Virus.
    public let altitude = Altitude(integer: 321_730)
    public let kernelReads: KernelReadTerms? = .stoppable
    public let contexts: Set<ContextKind> = [.stream, .instance]

    let signatures: [Signature]
    private let reads = Atomic<UInt64>(0)
    private let keptVerdictLimit: Int
    /// In seconds since 1970.
    let clock: @Sendable () -> Int64
    private let report: (@Sendable (ScanFinding) -> Void)?

    /// - Parameters:
    ///   - signatures: to look for.
    ///   - keptVerdicts: the most files per volume whose verdicts are kept, about 200 bytes each.
    ///   - report: gets each finding, on the thread that made it. It must not wait, nor send
    ///     requests.
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

    /// Reads by other parties that were checked so far.
    public var readsSeen: UInt64 { reads.load(ordering: .relaxed) }

    func countRead() { reads.wrappingAdd(1, ordering: .relaxed) }

    /// The verdict of an instance on a file.
    public static func verdict(
        on stream: IOStack.Stream, by instance: FilterInstance
    ) -> ScanVerdict.State {
        (instance.context(on: .stream(stream)) as? ScanVerdict)?.state ?? .unknown
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
