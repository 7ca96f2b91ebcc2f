import Foundation
import LinuxKit
import Minifilters
import SystemPackage
import Terminal

/// The records of an audit as entries of systemd's journal: each message is the line that a file
/// would have.
///
/// It belongs to one thread at a time. Each begins a chain of its own, since nobody but the journal
/// knows what came before.
final class AuditJournal: AuditDestination, @unchecked Sendable {
    /// In place of a file's name; a file of that name is written `./journal`.
    static let word = "journal"
    private static let socket = "/run/systemd/journal/socket"

    private let sink: DatagramSink
    /// Tells the trail from others in the journal.
    private let trail = UUID().uuidString.lowercased()
    private let complain: @Sendable (String) -> Void
    private var place = AuditPlace()
    /// Records that the journal did not take.
    private var lost: UInt64 = 0
    private var hasComplained = false

    /// - Parameter complain: gets a sentence when the journal takes nothing.
    init(complain: @escaping @Sendable (String) -> Void) throws {
        self.complain = complain
        guard LogDestination.isSocket(Self.socket) else {
            throw CommandError(
                .cannotCreate, "This machine has no systemd's journal: name a file for the audit.")
        }
        do {
            sink = try DatagramSink(Self.socket)
        } catch {
            throw CommandError(.cannotCreate, "The journal cannot be written: \(error).")
        }
        guard note("begun") else {
            throw CommandError(.cannotCreate, "The journal takes no record: is its service there?")
        }
    }

    func append(_ operations: [TimedOperation], lost: UInt64) {
        self.lost += lost
        var sent = 0
        for (operation, time) in operations {
            var next = place
            // A journal that has just taken nothing would be waited for again for each of the rest.
            var line: [UInt8] = []
            next.write(operation, at: time, to: &line)
            guard send(line, about: operation) else { break }
            place = next
            sent += 1
        }
        self.lost += UInt64(operations.count - sent)
        let count = self.lost
        if count > 0, note("lost", { $0.field("count", count) }) { self.lost = 0 }
    }

    private func note(_ operation: String, _ more: (inout AuditLine) -> Void = { _ in }) -> Bool {
        var next = place
        guard send(next.note(operation, more), about: nil) else { return false }
        place = next
        return true
    }

    private func send(_ line: [UInt8], about operation: AuditedOperation?) -> Bool {
        // A line of JSON has no newline but its last.
        var entry = Array("MESSAGE=".utf8) + line
        var fields = """
            PRIORITY=6
            SYSLOG_FACILITY=3
            SYSLOG_IDENTIFIER=bypassio-audit
            SYSLOG_PID=\(ProcessInfo.processInfo.processIdentifier)
            BYPASSIO_TRAIL=\(trail)

            """
        if let operation {
            fields += "BYPASSIO_OPERATION=\(operation.kind.rawValue)\n"
            fields += "BYPASSIO_PATH=\(operation.path.onOneLine)\n"
            fields += "BYPASSIO_RESULT=\(operation.result)\n"
        }
        entry += fields.utf8
        let isTaken = sink.send(entry)
        if !isTaken, !hasComplained {
            complain("The journal does not take the records of the audit.")
        }
        hasComplained = !isTaken
        return isTaken
    }
}
