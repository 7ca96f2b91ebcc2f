import BypassIOProtocol
import Foundation
import Testing

/// docs/events.md has every kind of event, with its number.
@Suite struct EventDocumentTests {
    @Test("the table of kinds is that of the code")
    func table() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appending(path: "docs/events.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line -> (Int, String)? in
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
            guard cells.count >= 2, let id = Int(cells[0]) else { return nil }
            return (id, cells[1])
        }
        let kinds = ServiceEvent.Kind.allCases.map { ($0.id, $0.rawValue) }
        #expect(rows.map(\.0) == kinds.map(\.0))
        #expect(rows.map(\.1) == kinds.map(\.1))
    }
}
