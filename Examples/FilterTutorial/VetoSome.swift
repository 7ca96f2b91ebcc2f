import BypassIOProtocol
import IOStack

/// Step 2: lets reads go past the filter, but for those of `*.secret`, which it counts.
final class VetoSome: Filter, PreReadFilter, BypassFilter {
    let name = "vetosome"
    let altitude = Altitude(integer: 370_520)  // FSFilter Activity Monitor
    let kernelReads: KernelReadTerms? = .unwatched

    let tell: @Sendable (String) -> Void

    init(tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    private func isSecret(_ file: FileObject) -> Bool { file.openedPath.hasSuffix(".secret") }

    func willRead(_ read: PreRead) -> PreOperationAnswer {
        if isSecret(read.file) { tell("a read of \(read.file.openedPath)") }
        return .pass
    }

    func bypass(_ question: BypassQuestion) -> BypassAnswer {
        guard isSecret(question.file) else { return .pass }
        return .veto(.notSupportedWithAuditing, reason: "Every read of a secret is told of.")
    }
}
