import IOStack

/// A filter of the command line: `NAME[=ALTITUDE][,key=value…]`.
struct FilterSetting {
    let filter: ShippedFilter
    /// nil: the filter's own.
    let altitude: Altitude?
    private(set) var values: [(key: String, value: String)] = []

    /// Throws a ``CommandError`` for an unknown filter or key, and for an invalid altitude.
    init(_ text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let head = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let filter = ShippedFilter(rawValue: String(head[0])) else {
            throw CommandError(
                .usage, "There is no filter \(head[0]); there are \(ShippedFilter.names).")
        }
        self.filter = filter
        altitude = try head.count == 2 ? Self.altitude(String(head[1]), filter) : nil
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(pair[0])
            guard filter.keys.contains(where: { $0.name == key }) else {
                let known = filter.keys.map(\.name).joined(separator: ", ")
                throw CommandError(
                    .usage,
                    "The filter \(filter.rawValue) has no setting \(key); "
                        + (known.isEmpty ? "it has none." : "it has \(known)."))
            }
            values.append((key, pair.count == 2 ? String(pair[1]) : "yes"))
        }
    }

    private static func altitude(_ text: String, _ filter: ShippedFilter) throws -> Altitude {
        guard let altitude = Altitude(text) else {
            throw CommandError(
                .usage,
                "\(text) is no altitude: write digits, such as \(filter.rawValue)=370500.")
        }
        return altitude
    }
}
