import Foundation

/// What became of a guarded directory, from the records of its audit: what is other than before,
/// and what was read.
struct GuardSummary {
    /// Lines of each kind; the rest is counted.
    private static let most = 12

    private var read: Set<String> = []
    private var written: Set<String> = []
    private var created: Set<String> = []
    private var removed: Set<String> = []
    private var changed: Set<String> = []
    private var renamed: [String] = []
    /// Names that nothing has any more.
    private var gone: Set<String> = []
    /// Times that the trail began or went on.
    private var begins = 0
    /// Records that found no room.
    private var lost: UInt64 = 0

    /// nil where the audit cannot be read.
    ///
    /// - Parameters:
    ///   - file: of the audit; it may have records of earlier guards.
    ///   - time: since when the guard runs, as records have it.
    init?(_ file: String, since time: String) {
        do {
            try AuditFiles(file).forEachLine { line, _, _ in
                guard let record = AuditRecordLine(line), record.time >= time, record.isDone
                else { return }
                take(record)
            }
        } catch {
            return nil
        }
    }

    /// Since the last begin of the trail that is no later; nil where the audit cannot be read.
    ///
    /// - Parameter time: when the service had mounted, as records have it.
    init?(_ file: String, begunBy time: String) {
        do {
            try AuditFiles(file).forEachLine { line, _, _ in
                guard let record = AuditRecordLine(line), record.isDone else { return }
                if ["begun", "resumed"].contains(record.operation), record.time <= time {
                    self = GuardSummary()
                }
                take(record)
            }
        } catch {
            return nil
        }
    }

    private init() {}

    private mutating func take(_ record: AuditRecordLine) {
        if record.operation == "lost" { lost += record.count ?? 0 }
        if ["begun", "resumed"].contains(record.operation) { begins += 1 }
        guard let path = record.path else { return }
        switch record.operation {
        case "open":
            if record.access?.contains("r") == true { read.insert(path) }
            if record.truncated == true { change(path) }
        case "close":
            if (record.writes ?? 0) > 0 { change(path) }
        case "truncate", "allocate": change(path)
        case "create", "makeDirectory", "makeLink", "makeSpecial": make(path)
        case "link":
            if let new = record.newPath { make(new) }
        case "remove", "removeDirectory":
            // What was made meanwhile was not there before.
            if created.remove(path) == nil { removed.insert(path) }
            written.remove(path)
            gone.insert(path)
        case "exchange":
            if let new = record.newPath { renamed.append("\(path) ↔ \(new)") }
        case "rename":
            if let new = record.newPath { rename(path, new) }
        case "permissions", "owner", "attributes", "extendedAttribute":
            if !created.contains(path), !gone.contains(path) { changed.insert(path) }
        default: break
        }
    }

    private mutating func make(_ path: String) {
        gone.remove(path)
        // Made anew: it was there before, with other contents.
        if removed.remove(path) != nil { written.insert(path) } else { created.insert(path) }
    }

    /// A handle may write to a file, and close, after its name is gone.
    private mutating func change(_ path: String) {
        if !created.contains(path), !gone.contains(path) { written.insert(path) }
    }

    private mutating func rename(_ old: String, _ new: String) {
        gone.insert(old)
        gone.remove(new)
        guard created.remove(old) != nil else {
            if written.remove(old) != nil { written.insert(new) }
            return renamed.append("\(old) → \(new)")
        }
        guard !created.contains(new) else { return }
        // The usual way to change a file as a whole.
        if removed.remove(new) != nil || read.contains(new) || written.contains(new) {
            written.insert(new)
        } else {
            created.insert(new)
        }
    }

    var lines: [String] {
        var lines = ["  files read: \(read.count)"]
        lines += Self.part("written", written.sorted())
        lines += Self.part("created", created.sorted())
        lines += Self.part("removed", removed.sorted())
        lines += Self.part("renamed", renamed)
        lines += Self.part("changed in rights or attributes", changed.sorted())
        if begins != 1 {
            lines.append("  The record was cut or replaced meanwhile: this is not all.")
        }
        if lost > 0 { lines.append("  \(lost) operations were not written down.") }
        return lines
    }

    private static func part(_ title: String, _ names: [String]) -> [String] {
        guard !names.isEmpty else { return [] }
        var lines = ["  \(title): \(names.count)"]
        lines += names.prefix(most).map { "    \($0.isEmpty ? "." : $0)" }
        if names.count > most { lines.append("    and \(names.count - most) more") }
        return lines
    }
}
