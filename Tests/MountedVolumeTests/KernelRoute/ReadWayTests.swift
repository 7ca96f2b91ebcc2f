import Foundation
import Testing

extension MountedVolume {
    /// Every way to read a file while its gate is shut, as docs/kernel-route.md promises.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the kernel route is ours"))
    struct ReadWays {
        private func answers(_ way: ReadWay, _ kind: GatedFileSystem) throws -> GateTable.Answers {
            if let reason = kind.whyNot { try Test.cancel("\(reason)") }
            let table = try #require(GateTable.tables[kind]).get()
            #expect(table.route == "kernel bypass")
            let answers = try #require(table.answers[way.name])
            if let reason = answers.unprepared { try Test.cancel("\(way) here: \(reason)") }
            return answers
        }

        @Test("while the gate is shut", arguments: ReadWay.all, GatedFileSystem.allCases)
        func shut(_ way: ReadWay, _ kind: GatedFileSystem) throws {
            let answers = try answers(way, kind)
            // ext4 shares no blocks.
            let isRefused =
                way.guarantee == .refused
                || (way.name == "reflink-source" && kind == .ext4)
            let sees = isRefused ? { _ in "errno EOPNOTSUPP" } : way.sees
            #expect(answers.open == sees(GateTable.before))
            #expect(answers.openAgain == sees(GateTable.after))
            switch way.guarantee {
            case .held, .filtered:
                #expect(!answers.endedWhileShut)
                #expect(answers.shut == sees(GateTable.after))
                if let failure = way.failure { #expect(answers.failed == failure) }
            case .refused, .noBytes:
                #expect(answers.endedWhileShut)
                #expect([answers.shut, answers.failed] == [answers.open, answers.open])
            case .passes:
                #expect(answers.endedWhileShut)
                #expect(answers.shut == sees(GateTable.during))
                #expect(answers.failed == sees(GateTable.after))
            }
        }

        @Test("the page of the kernel route has a row for each way, with its guarantee")
        func documented() throws {
            let repository = URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            let page = try String(
                contentsOf: repository.appending(path: "docs/kernel-route.md"), encoding: .utf8)
            let rows = page.split(separator: "\n").map { $0.split(separator: "|") }
                .filter { $0.count >= 3 }
            for way in ReadWay.all {
                let row = rows.first { row in
                    row[0].split(separator: "`").contains { $0 == way.name }
                }
                let words = row.map { $0[1].trimmingCharacters(in: .whitespaces) }
                #expect(words?.hasPrefix(way.guarantee.words) == true, "\(way): \(words ?? "none")")
            }
        }

        @Test("the program knows the ways that the table has, and no others")
        func complete() throws {
            let program = try #require(BuiltPrograms.readWays)
            let known = try Program(program, []).run(within: 20).lines
            #expect(known.sorted() == ReadWay.all.map(\.name).sorted())
        }
    }
}

extension ReadWay.Guarantee {
    /// Of the page of the kernel route.
    fileprivate var words: String {
        switch self {
        case .held: "held"
        case .filtered: "filtered"
        case .refused: "refused"
        case .noBytes: "no bytes"
        case .passes: "passes by"
        }
    }
}
