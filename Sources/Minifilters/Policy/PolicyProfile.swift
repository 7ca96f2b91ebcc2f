import IOStack

/// Rules in the order in which they are looked at, from a text with a rule on each line:
///
/// ```
/// # Keys may be looked at by git alone.
/// allow      .ssh/**  on=read  program=git
/// deny       .env*  !.env.example  *.pem
/// ask        on=write+create  .git/hooks/**
/// hide       /private/
/// read-only  **
/// ```
///
/// A pattern that begins with a slash is from the root of the volume; every other one is for files
/// anywhere in the tree. One that ends in a slash is for a directory and all that is below.
public struct PolicyProfile: Sendable {
    /// In characters of the whole text.
    static let longest = 1 << 20

    public let name: String
    public let rules: [PolicyRule]

    public init(name: String, rules: [PolicyRule]) {
        self.name = name
        self.rules = rules
    }

    /// From a profile's text.
    ///
    /// - Parameters:
    ///   - text: a rule on each line (docs/policy.md).
    ///   - name: in messages, such as the file's.
    ///   - user: the number of a user of that name; nil if there is none.
    public init(
        _ text: String, name: String, user: (String) -> UInt32? = { _ in nil }
    ) throws(PolicyProfileError) {
        guard text.utf8.count <= Self.longest else {
            throw PolicyProfileError(
                line: 1, column: 1, message: "it has more than \(Self.longest) bytes")
        }
        var rules: [PolicyRule] = []
        var number = 0
        // Both of the second are one character.
        for line in text.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        {
            number += 1
            var reader = PolicyLine(line, number: number)
            let words = try reader.words()
            guard !words.isEmpty else { continue }
            rules.append(
                try PolicyRule(
                    words, profile: name, line: number, text: reader.text, user: user))
        }
        self.init(name: name, rules: rules)
    }

    /// The first rule for a path, whatever is done to it, and its place in ``rules``.
    public func rules(for path: String) -> [PolicyRule] { rules.filter { $0.matches(path) } }
}

/// A text that is no profile: where, and what was expected there.
public struct PolicyProfileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters, from 1.
    public let column: Int
    /// A sentence without its end.
    public let message: String

    public var description: String { "line \(line), column \(column): \(message)" }
}
