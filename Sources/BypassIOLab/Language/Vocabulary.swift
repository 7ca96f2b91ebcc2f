import BypassIOProtocol
import IOStack

/// The words of the language that stand for values of the interface.
enum Vocabulary {
    static let operations: [(word: String, value: BypassIOOperation)] = [
        ("enable", .enable), ("disable", .disable), ("query", .query),
        ("volume-stack-pause", .volumeStackPause), ("volume-stack-resume", .volumeStackResume),
        ("stream-pause", .streamPause), ("stream-resume", .streamResume), ("get-info", .getInfo),
    ]

    static let outputFlags: [(word: String, value: BypassIOOutputFlags)] = [
        ("none", []), ("VOLUME_STACK_BYPASS_PAUSED", .volumeStackBypassPaused),
        ("STREAM_BYPASS_PAUSED", .streamBypassPaused),
        ("FILTER_ATTACH_BLOCKED", .filterAttachBlocked),
        ("COMPATIBLE_STORAGE_DRIVER", .compatibleStorageDriver),
    ]

    static let attributes: [(word: String, value: FileAttributes)] = [
        ("plain", []), ("compressed", .compressed), ("encrypted", .encrypted),
        ("sparse", .sparse), ("paging", .paging), ("dax", .dax), ("resident", .resident),
    ]

    /// `suspended` is any suspension, whatever its name.
    static let causes: [(word: String, value: Set<TraditionalCause>)] = [
        ("cached-handle", [.cachedHandle]), ("misaligned", [.misaligned]),
        ("stream-paused", [.streamPaused]), ("filter-attach-blocked", [.filterAttachBlocked]),
        ("settling", [.settling]), ("cached-elsewhere", [.cachedElsewhere]),
        ("mapped", [.mapped]), ("resident", [.resident]), ("sparse", [.sparse]),
        ("moving", [.moving]),
        ("suspended", [.cachedElsewhere, .mapped, .resident, .sparse, .moving]),
    ]

    static let suspensions: [(word: String, value: StreamSuspension)] = [
        ("cached-handle", .cachedHandle), ("mapped", .mapped), ("resident", .resident),
        ("sparse", .sparse), ("moving", .moving),
    ]

    static let sights: [(word: String, value: Sight)] = [
        ("reads", .reads), ("read", .reads), ("writes", .writes), ("write", .writes),
        ("draining", .draining),
    ]

    static let routes: [(words: [String], value: ReadRoute)] = [
        (["full", "bypass"], .fullBypass), (["filter", "bypass"], .filterBypass),
        (["storage", "bypass"], .storageBypass), (["traditional"], .traditional),
    ]

    static func word(for causes: Set<TraditionalCause>) -> String {
        self.causes.first { $0.value == causes }?.word ?? "\(causes)"
    }

    static func words(for flags: BypassIOOutputFlags) -> String {
        let words = outputFlags.dropFirst().filter { flags.contains($0.value) }.map(\.word)
        let unknown =
            flags.unknown.isEmpty ? [] : ["0x" + String(flags.unknown.rawValue, radix: 16)]
        return words.isEmpty && unknown.isEmpty
            ? "none" : (words + unknown).joined(separator: " | ")
    }

    static func words(for suspension: StreamSuspension) -> String {
        suspensions.filter { suspension.contains($0.value) }.map(\.word).joined(separator: ", ")
    }

    static func words(for route: ReadRoute) -> String {
        routes.first { $0.value == route }?.words.joined(separator: " ") ?? "\(route)"
    }
}
