/// Why the bench, or one of its routes, cannot go on.
package struct BenchError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The folder cannot be written, or lacks room.
        case folder
        /// A route does not work here; the others do.
        case route
        /// A signal ended it.
        case interrupted
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
