/// A way from a program to the data, as reports name it.
package struct RouteDescription: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// The backing directory itself.
        case native
        /// The same read by fio.
        case fio
        case inProcessBypass
        case inProcessTraditional
        case mountTraditional
        case mountServiceBypass
        case mountKernel
        /// Another file system over the same data, or any directory that was named.
        case peer
    }

    package let name: String
    package let kind: Kind
    /// No-op filters attached; nil where there are none of ours.
    package let filters: Int?

    package init(_ name: String, _ kind: Kind, filters: Int? = nil) {
        self.name = name
        self.kind = kind
        self.filters = filters
    }
}
