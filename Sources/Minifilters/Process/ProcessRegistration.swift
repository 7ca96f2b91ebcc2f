import IOStack

/// What a program wants to be asked about.
public struct ProcessRegistration: Sendable {
    /// Why a registration is none, in a sentence.
    struct Refusal: Error { let message: String }

    /// Of the messages.
    static let version = 1
    private static let mostPaths = 256
    private static let longestName = 64

    public let name: String
    public let operations: ProcessOperations
    /// As the program wrote them.
    let paths: [String]
    private let wanted: [PathPattern]
    private let unwanted: [PathPattern]

    init(
        version: Int, name: String, operations words: [String], paths: [String]
    ) throws(Refusal) {
        guard version == Self.version else {
            throw Refusal(message: "version is \(version); this filter speaks \(Self.version).")
        }
        guard 1...Self.longestName ~= name.utf8.count,
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw Refusal(message: "name has 1 to \(Self.longestName) bytes on one line.")
        }
        var operations: ProcessOperations = []
        for word in words {
            guard let found = ProcessOperations.named.first(where: { $0.name == word }) else {
                let known = ProcessOperations.named.map(\.name).joined(separator: ", ")
                throw Refusal(message: "\(word) is no operation; there are \(known).")
            }
            operations.formUnion(found.operation)
        }
        guard !operations.isEmpty else { throw Refusal(message: "operations names none.") }
        guard paths.count <= Self.mostPaths else {
            throw Refusal(message: "paths has more than \(Self.mostPaths) patterns.")
        }
        var wanted: [PathPattern] = []
        var unwanted: [PathPattern] = []
        for text in paths {
            let isNegated = text.hasPrefix("!")
            let globs = try Self.patterns(isNegated ? String(text.dropFirst()) : text)
            if isNegated { unwanted += globs } else { wanted += globs }
        }
        (self.name, self.operations, self.paths) = (name, operations, paths)
        (self.wanted, self.unwanted) = (wanted, unwanted)
    }

    /// As rules of `policy` have them: anywhere in the tree, from the root where it begins with a
    /// slash, a directory and all below where it ends in one.
    private static func patterns(_ text: String) throws(Refusal) -> [PathPattern] {
        let isTree = text.hasSuffix("/") && text != "/"
        let stem = isTree ? String(text.dropLast()) : text
        let start = stem.hasPrefix("/") ? stem : "**/" + stem
        var globs: [PathPattern] = []
        for one in isTree ? [start, start + "/**"] : [start] {
            guard !stem.isEmpty, stem != "/", let glob = PathPattern(one) else {
                throw Refusal(message: "\(text) is no pattern of paths.")
            }
            globs.append(glob)
        }
        return globs
    }

    /// Whether the program is asked about files of that name. Without patterns about all but those
    /// that are excepted.
    func isFor(_ path: String) -> Bool {
        (wanted.isEmpty || wanted.contains { $0.matches(path) })
            && !unwanted.contains { $0.matches(path) }
    }
}
