import BypassIOProtocol
import IOStack

/// What is known of a file without a scan.
enum ScanStanding: Sendable, Equatable {
    case clean
    case infected(String)
    /// A limit of the engine's ended the scan.
    case limited(String)
    /// Larger than ``ScanSettings/largest``.
    case large
    case unknown
}

/// What is done about a request.
enum ScanDecision: Sendable, Equatable {
    case pass
    case refuse(NTStatus)
}

extension ScanFilter {
    /// By the file's status below all filters.
    func standing(of file: FileID, _ version: ScannedVersion) -> ScanStanding {
        guard version.size > 0 else { return .clean }
        switch table.verdict(on: file, version) {
        case .clean: return .clean
        case .infected(let name): return .infected(name)
        case .limited(let name): return .limited(name)
        case nil: return version.size > settings.largest ? .large : .unknown
        }
    }

    /// nil: the file system does not answer.
    func version(of file: FileObject) -> ScannedVersion? {
        (try? file.volume.fileSystem.status(of: file)).map { ScannedVersion($0) }
    }

    func context(of stream: Stream, _ instance: FilterInstance) -> ScannedFile {
        if let known = instance.context(on: .stream(stream)) as? ScannedFile { return known }
        let new = ScannedFile()
        let old = try? instance.setContext(new, on: .stream(stream), .keepIfExists)
        return old as? ScannedFile ?? new
    }

    // MARK: Decisions

    /// Whoever wants to read a file.
    struct Wish: Sendable {
        let path: String
        let file: FileID?
        let requestor: Requestor
    }

    /// nil: it needs a scan.
    func decide(_ standing: ScanStanding, _ wish: Wish) -> ScanDecision? {
        switch standing {
        case .clean: .pass
        case .infected(let name): refuse(wish, name)
        case .limited(let name): bear(wish, settings.large, Self.limitWords(name))
        case .large: bear(wish, settings.large, "the file is larger than maxsize")
        case .unknown: watch.away.map { bear(wish, settings.failure, $0) }
        }
    }

    func decide(_ outcome: ScanOutcome, _ wish: Wish) -> ScanDecision {
        switch outcome {
        case .verdict(.clean), .leaving: .pass
        case .verdict(.infected(let name)): refuse(wish, name)
        case .verdict(.limited(let name)): bear(wish, settings.large, Self.limitWords(name))
        case .none(let words): bear(wish, settings.failure, words)
        case .cancelled: .refuse(.cancelled)
        }
    }

    static func limitWords(_ name: String) -> String { "clamd did not look at all of it (\(name))" }

    private func refuse(_ wish: Wish, _ name: String) -> ScanDecision {
        let isAllowed = settings.action == .log
        if !isAllowed { count { $0.refused += 1 } }
        tell(
            ScanEvent(
                .refused, path: wish.path, file: wish.file, signature: name, isAllowed: isAllowed,
                wish.requestor))
        return isAllowed ? .pass : .refuse(.virusInfected)
    }

    private func bear(
        _ wish: Wish, _ otherwise: ScanSettings.Otherwise, _ words: String
    ) -> ScanDecision {
        let isAllowed = otherwise == .open
        count { counts in
            if isAllowed { counts.unscannedAllowed += 1 } else { counts.unscannedRefused += 1 }
        }
        tell(
            ScanEvent(
                .unscanned, path: wish.path, file: wish.file, reason: words, isAllowed: isAllowed,
                wish.requestor))
        return isAllowed ? .pass : .refuse(.accessDenied)
    }
}
