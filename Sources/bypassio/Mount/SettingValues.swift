import FUSE
import IOStack

#if RingTransport
    import FUSERing
#endif

extension MountSettings {
    /// What `-o transport=` may say.
    static var transports: [String: Transport] {
        var transports: [String: Transport] = ["auto": .automatic, "device": .device]
        #if RingTransport
            transports["ring"] = .ring
        #endif
        return transports
    }
}

/// Which handles get bypass on a mount (`-o bypass=…`).
enum BypassOffer: String, Sendable, CaseIterable {
    /// For a handle opened for reading only, the kernel reads the file, where every layer agrees;
    /// other handles may ask.
    case auto
    /// Handles that ask for it by the control code.
    case request
    /// No handle.
    case off
}

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
        let pairs = parts.dropFirst().map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(pair[0]), pair.count == 2 ? String(pair[1]) : "yes")
        }
        try self.init(
            name: String(head[0]), altitude: head.count == 2 ? String(head[1]) : nil,
            values: pairs)
    }

    /// As ``init(_:)``, of parts.
    init(name: String, altitude: String?, values: [(String, String)]) throws {
        guard let filter = ShippedFilter(rawValue: name) else {
            throw CommandError(
                .usage, "There is no filter \(name); there are \(ShippedFilter.names).")
        }
        self.filter = filter
        self.altitude = try altitude.map { try Self.altitude($0, filter) }
        for (key, value) in values {
            try filter.check(key)
            self.values.append(
                (key, filter.isPath(key, value) ? ArgumentPath.absolute(value) : value))
        }
    }

    /// As ``init(_:)`` takes it.
    var text: String {
        let head = filter.rawValue + (altitude.map { "=\($0)" } ?? "")
        return ([head] + values.map { "\($0.key)=\($0.value)" }).joined(separator: ",")
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
