/// The filters that an administrator lets attach to a mount (`-o filters_allowed=`).
struct AllowedFilters: Sendable {
    let names: [String]

    /// Names separated by colons, or `none`. Throws a ``CommandError`` for an unknown one.
    init(_ text: String) throws {
        let names = text == "none" ? [] : text.split(separator: ":").map(String.init)
        for name in names where ShippedFilter(rawValue: name) == nil {
            throw CommandError(
                .usage,
                "filters_allowed names \(name), which is no filter; there are "
                    + "\(ShippedFilter.names), or none.")
        }
        self.names = names
    }

    func allows(_ filter: ShippedFilter) -> Bool { names.contains(filter.rawValue) }

    var words: String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
