/// A way from a program to the data, by its name in reports.
package struct RouteDescription: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// The backing directory itself.
        case native
        /// The backing directory, read by fio.
        case fio
        case inProcessBypass
        case inProcessTraditional
        case mountTraditional
        case mountServiceBypass
        case mountKernel
        /// Another file system over the same data, or any given directory.
        case peer
    }

    package let name: String
    package let kind: Kind
    /// Attached no-op filters; nil if the route has no filters of ours.
    package let filters: Int?

    package init(_ name: String, _ kind: Kind, filters: Int? = nil) {
        self.name = name
        self.kind = kind
        self.filters = filters
    }
}
