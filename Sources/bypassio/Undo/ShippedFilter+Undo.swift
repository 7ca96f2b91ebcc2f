import BypassIOProtocol
import Foundation
import IOStack
import Minifilters
import SystemPackage

extension ShippedFilter {
    static let undoKeys = [
        (name: "store", meaning: "the folder for sessions, outside of the volume (docs/undo.md)"),
        (name: "session", meaning: "the session's name (the time)"),
        (name: "space", meaning: "how much old data is kept, such as 500M (8G)"),
        (
            name: "full",
            meaning: "what then happens to changes: refuse, with ENOSPC, or forget, so that they "
                + "cannot be taken back (refuse)"
        ),
    ]

    static func undo(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> LoadableFilter {
        var store = UndoPlace.ownStore
        var name: String?
        var space = UndoSize.usual
        var fullness = UndoFullness.refuse
        for (key, value) in values {
            switch key {
            case "store": store = FilePath(value)
            case "session": name = value
            case "space": space = try UndoSize.bytes(key, value)
            default:
                guard let chosen = UndoFullness(rawValue: value) else {
                    throw CommandError(.usage, "full=\(value): write refuse or forget.")
                }
                fullness = chosen
            }
        }
        guard let store else {
            throw CommandError(.usage, "undo wants a place for what it keeps: undo,store=DIR.")
        }
        let place =
            try name.map { try UndoPlace(store: store, name: $0) } ?? UndoPlace(newIn: store)
        let session = UndoSession(place) { log.undoFailed($0) }
        let undo = UndoFilter(session, space: space, whenFull: fullness) { log.undoFailed($0) }
        var said = values.filter { !["store", "session"].contains($0.key) }
        said += [("store", store.string), ("session", place.name)]
        let handed = said
        return LoadableFilter(
            registration: undo.registration, begin: { try session.open(on: $0) },
            // Another process goes on with the session.
            values: { handed })
    }
}

/// How much, in words.
enum UndoSize {
    /// In bytes.
    static let usual: UInt64 = 8 << 30

    /// Throws a ``CommandError``.
    static func bytes(_ key: String, _ text: String) throws -> UInt64 {
        let units: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let unit = text.last.flatMap { units[Character($0.uppercased())] }
        let digits = unit == nil ? text : String(text.dropLast())
        guard let number = UInt64(digits), number > 0,
            number <= UInt64(Int64.max) >> (unit ?? 0)
        else {
            throw CommandError(.usage, "\(key)=\(text): write a size, such as 500M or 2G.")
        }
        return number << (unit ?? 0)
    }
}

extension ServiceLog {
    func undoFailed(_ words: String) {
        record(.problem, .error, of: "undo", words)
    }
}
