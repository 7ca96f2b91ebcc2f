/// Every fault of a file, in the order of their places; never empty when thrown.
public struct Diagnostics: Error, Sendable, Equatable, CustomStringConvertible {
    public let all: [Diagnostic]

    init(_ all: [Diagnostic]) {
        self.all = all.sorted { $0.position < $1.position }
    }

    public var description: String { all.map(\.description).joined(separator: "\n") }
}
