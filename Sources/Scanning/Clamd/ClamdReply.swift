/// What clamd answers to a scan, without the byte that ends it.
enum ClamdReply: Equatable {
    case clean
    case found(String)
    case failed(String)

    /// Bytes of an answer that is taken for one.
    static let longest = 4096
    /// Characters of a name or an error that are kept.
    private static let longestName = 256
    /// What clamd finds where a limit of its own ends the scan (AlertExceedsMax).
    private static let limits = "Heuristics.Limits.Exceeded"

    /// nil: it is no answer.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.longest,
            let text = String(validating: Array(bytes), as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        var rest = text[text.index(after: colon)...]
        guard rest.popFirst() == " " else { return nil }
        if rest == "OK" {
            self = .clean
        } else if rest.hasSuffix(" FOUND") {
            let name = Self.shown(rest.dropLast(" FOUND".count))
            guard !name.isEmpty else { return nil }
            self = .found(name)
        } else if rest.hasSuffix(" ERROR") {
            self = .failed(Self.shown(rest.dropLast(" ERROR".count)))
        } else {
            return nil
        }
    }

    /// Some errors come without what they are about.
    static func error(_ bytes: some Collection<UInt8>) -> String? {
        guard let text = String(validating: Array(bytes), as: UTF8.self), text.hasSuffix(" ERROR")
        else { return nil }
        return shown(text.dropLast(" ERROR".count))
    }

    /// nil: it is an error.
    var verdict: FileVerdict? {
        switch self {
        case .clean: .clean
        case .found(let name): name.hasPrefix(Self.limits) ? .limited(name) : .infected(name)
        case .failed: nil
        }
    }

    private static func shown(_ text: Substring) -> String {
        String(
            text.unicodeScalars.prefix(longestName).map {
                $0.value >= 0x20 && $0.value != 0x7F ? Character($0) : "?"
            })
    }
}
