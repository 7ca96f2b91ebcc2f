/// What a rule does to the requests that it is for.
public enum PolicyAction: String, CaseIterable, Sendable {
    case allow
    /// Everything goes but what changes the file or its name.
    case readOnly = "read-only"
    /// A person decides.
    case ask
    /// As if there were no such name.
    case hide
    case deny

    /// Of the actions that a file's names give it, the strictest holds.
    var strictness: Int {
        switch self {
        case .allow: 0
        case .readOnly: 1
        case .ask: 2
        case .hide: 3
        case .deny: 4
        }
    }
}

/// What programs do to files and names, as rules tell it apart.
public struct PolicyOperations: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Opening a file for reading; also running and mapping it.
    public static let read = PolicyOperations(rawValue: 1 << 0)
    /// Opening a file for writing, and cutting it.
    public static let write = PolicyOperations(rawValue: 1 << 1)
    /// A new name: a file, directory or link, or the end of a rename.
    public static let create = PolicyOperations(rawValue: 1 << 2)
    /// A name that goes.
    public static let remove = PolicyOperations(rawValue: 1 << 3)
    /// A file that gets another name, or one more.
    public static let rename = PolicyOperations(rawValue: 1 << 4)
    /// Permissions, owner, times, flags and extended attributes.
    public static let change = PolicyOperations(rawValue: 1 << 5)
    /// Opening a directory.
    public static let list = PolicyOperations(rawValue: 1 << 6)

    static let all = PolicyOperations(rawValue: (1 << 7) - 1)
    /// Those that leave everything as it is.
    static let harmless: PolicyOperations = [.read, .list]

    static let named: [(name: String, operation: PolicyOperations)] = [
        ("read", .read), ("write", .write), ("create", .create), ("remove", .remove),
        ("rename", .rename), ("change", .change), ("list", .list),
    ]

    /// As rules write them: `read+write`.
    public var words: String {
        Self.named.filter { contains($0.operation) }.map(\.name).joined(separator: "+")
    }

    /// Each by itself.
    var each: [PolicyOperations] { Self.named.map(\.operation).filter { contains($0) } }

    /// From words joined by plus signs; nil if one is none.
    init?(words: some StringProtocol) {
        self = []
        for word in words.split(separator: "+", omittingEmptySubsequences: false) {
            guard let found = Self.named.first(where: { $0.name == word }) else { return nil }
            formUnion(found.operation)
        }
    }
}
