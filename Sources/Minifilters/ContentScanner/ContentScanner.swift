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
public final class ContentScanner: Filter {
    public let name = "contentscan"
    /// In FSFilter Anti-Virus.
    public let altitude = Altitude(integer: 321_730)
    public let kernelReads: KernelReadTerms? = .stoppable
    public let contexts: Set<ContextKind> = [.stream, .instance]

    let signatures: [Signature]
    private let reads = Atomic<UInt64>(0)
    private let keptVerdictLimit: Int
    /// Seconds since 1970.
    let clock: @Sendable () -> Int64
    private let report: (@Sendable (ScanFinding) -> Void)?

    /// - Parameters:
    ///   - signatures: to look for.
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

    func countRead() { reads.wrappingAdd(1, ordering: .relaxed) }

    /// What an instance knows of a file.
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
