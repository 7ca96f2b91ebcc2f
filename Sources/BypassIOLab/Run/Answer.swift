import BypassIOProtocol
import IOStack

/// Compares an expectation with an outcome.
struct Answer {
    let outcome: Outcome
    /// The file system's name in its vetoes.
    let fileSystemName: String

    /// The answer that came instead, in the words of the language; nil if the expectation is met.
    func contradiction(to expectation: Expectation) -> String? {
        if let problem = outcome.problem { return problem }
        return switch expectation {
        case .success, .status, .vetoed, .win32, .driver, .reason, .waiting:
            endContradiction(to: expectation)
        case .information, .flags, .activeCount, .storageDriver, .bytes, .untouched:
            outputContradiction(to: expectation)
        case .transferred, .route, .cause: transferContradiction(to: expectation)
        case .count, .bypassOpenCount, .paused, .enabled, .suspended:
            stateContradiction(to: expectation)
        }
    }

    // MARK: How it ended

    private var results: BypassIOResults? { outcome.decodedOutput?.results }

    /// The veto, or success.
    private var verdict: NTStatus { results?.status ?? .success }

    var isSuccess: Bool {
        outcome.errno == nil && outcome.ntStatus.isSuccess && verdict.isSuccess
    }

    private func endContradiction(to expectation: Expectation) -> String? {
        let isMet =
            switch expectation {
            case .success: isSuccess && !outcome.isWaiting
            case .status(let status): hasStatus(status)
            case .vetoed(let status):
                outcome.ntStatus == .success && results?.status == status && !status.isSuccess
            case .win32(let number): win32 == number
            case .driver(let name): results?.driverName.string == name ?? fileSystemName
            case .reason(let reason): results?.failureReason.string == reason
            default: outcome.isWaiting
            }
        if isMet { return nil }
        if case .win32 = expectation, let win32 { return "win32 \(win32)" }
        return endText
    }

    /// Of the veto, otherwise of the status.
    private var win32: UInt32? {
        (outcome.ntStatus.isSuccess ? verdict : outcome.ntStatus).win32
    }

    private func hasStatus(_ status: NTStatus) -> Bool {
        guard !outcome.isWaiting else { return false }
        if let errno = outcome.errno { return status.errno == errno }
        return outcome.ntStatus == status
    }

    /// How the request ended, whatever was expected.
    private var endText: String {
        if outcome.isWaiting { return "still waiting" }
        if let errno = outcome.errno { return "errno \(errno)" }
        guard outcome.ntStatus.isSuccess else { return "\(outcome.ntStatus)" }
        guard let results, !results.status.isSuccess else { return "success" }
        return "vetoed \(results.status) driver \"\(results.driverName.string)\" "
            + "reason \"\(results.failureReason.string)\""
    }

    // MARK: A control's output

    private func outputContradiction(to expectation: Expectation) -> String? {
        guard let output = outcome.output, let information = outcome.information else {
            return "no output: \(endText)"
        }
        switch expectation {
        case .information(let count):
            return count == information ? nil : "information \(information)"
        case .bytes(let offset, let bytes):
            let end = min(offset + bytes.count, output.count)
            guard offset <= end else { return "an output of \(output.count) bytes" }
            let got = Array(output[offset..<end])
            return got == bytes ? nil : "bytes at \(offset) = \(Self.hexadecimal(got))"
        case .untouched(let offset):
            let changed = output.indices.dropFirst(offset)
                .first { output[$0] != Outcome.untouchedByte }
            return changed.map { "byte \($0) was written" }
        default: return decodedContradiction(to: expectation)
        }
    }

    private func decodedContradiction(to expectation: Expectation) -> String? {
        guard let decoded = outcome.decodedOutput else { return "no output: \(endText)" }
        switch expectation {
        case .flags(let flags):
            return flags == decoded.flags
                ? nil : "flags \(Vocabulary.words(for: decoded.flags))"
        case .activeCount(let count):
            guard let info = decoded.info else { return "no FS_BPIO_INFO" }
            return info.activeBypassIOCount == count ? nil : "count \(info.activeBypassIOCount)"
        case .storageDriver(let name):
            guard let info = decoded.info else { return "no FS_BPIO_INFO" }
            let got = info.storageDriverName.string
            return got == name ? nil : "storage-driver \"\(got)\""
        default: return nil
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: " ")
    }

    // MARK: Transfers

    private func transferContradiction(to expectation: Expectation) -> String? {
        switch expectation {
        case .transferred(let count):
            guard let transferred = outcome.transferred else { return endText }
            if let place = outcome.wrongByteAt { return "wrong bytes from \(place) on" }
            return transferred == count ? nil : "\(transferred) bytes"
        case .route(let route):
            guard let got = outcome.route.flatMap(ReadRoute.init) else { return "no known route" }
            return got == route ? nil : Vocabulary.words(for: got)
        case .cause(let causes):
            guard let got = outcome.cause.flatMap(TraditionalCause.init) else {
                return "no known cause"
            }
            return causes.contains(got) ? nil : "because \(Vocabulary.word(for: [got]))"
        default: return nil
        }
    }

    // MARK: What is seen from outside

    private func stateContradiction(to expectation: Expectation) -> String? {
        if case .count(let count) = expectation {
            return outcome.count == count ? nil : outcome.count.map { "\($0)" } ?? "no count"
        }
        guard let stream = outcome.stream else { return "no stream: \(endText)" }
        let suspensions = StreamSuspension(rawValue: stream.suspensions)
        switch expectation {
        case .bypassOpenCount(let count):
            return count == stream.bypassOpenCount ? nil : "open-count \(stream.bypassOpenCount)"
        case .paused(let isPaused):
            return isPaused == stream.isPaused ? nil : stream.isPaused ? "paused" : "not paused"
        case .enabled(let isEnabled):
            return isEnabled == stream.isEnabled
                ? nil : stream.isEnabled ? "enabled" : "not enabled"
        case .suspended(let cause):
            guard suspensions != cause ?? [] else { return nil }
            return suspensions.isEmpty
                ? "not suspended" : "suspended by \(Vocabulary.words(for: suspensions))"
        default: return nil
        }
    }
}
