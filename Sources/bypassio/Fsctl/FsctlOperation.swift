import ArgumentParser
import BypassIOProtocol

/// An operation as a person writes it.
struct FsctlOperation: ExpressibleByArgument, Sendable {
    let value: BypassIOOperation

    private static let names: [(word: String, value: BypassIOOperation)] = [
        ("enable", .enable), ("disable", .disable), ("query", .query),
        ("volume-pause", .volumeStackPause), ("volume-resume", .volumeStackResume),
        ("pause", .streamPause), ("resume", .streamResume), ("info", .getInfo),
    ]

    static let words = names.map(\.word).joined(separator: ", ")
    static var allValueStrings: [String] { names.map(\.word) }

    init?(argument: String) {
        if let known = Self.names.first(where: { $0.word == argument.lowercased() }) {
            value = known.value
        } else if let known = BypassIOOperation.all.first(where: {
            $0.windowsName == argument.uppercased()
        }) {
            value = known
        } else if let number = Self.number(argument) {
            value = BypassIOOperation(rawValue: number)
        } else {
            return nil
        }
    }

    private static func number(_ text: String) -> UInt32? {
        text.lowercased().hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }
}
