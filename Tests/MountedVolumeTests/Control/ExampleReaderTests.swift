import Foundation
import Testing

extension MountedVolume {
    /// The programs of Examples/: the tests build a copy, run it on a mount, and compare it with
    /// what `bypassio state` reports of the same file.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control code is ours"))
    struct ExampleReaders {
        enum Language: String, CaseIterable {
            case c = "cc"
            case python = "python3"
        }

        /// Filters that refuse files with this text; their reasons have words of every length in
        /// UTF-8.
        private static let filters = ["contentscan,signature=Fäule€😀:ROTTEN", "readaudit"]
        private static let repository = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path

        private func program(_ language: Language, in folder: TestFolder) throws -> [String] {
            let tool = try #require(Program.find(language.rawValue))
            let place = Self.repository
            guard language == .c else { return [tool, "\(place)/Examples/reader.py"] }
            let outcome = try Program(
                tool,
                [
                    "-std=c11", "-Wall", "-Wextra", "-Werror", "-I",
                    "\(place)/Sources/CBypassIO/include", "\(place)/Examples/reader.c",
                    "\(place)/Sources/CBypassIO/bypassio.c", "-o", folder.path("reader"),
                ]
            ).run(within: 60)
            try #require(outcome.code == 0, "\(outcome)")
            return [folder.path("reader")]
        }

        private func read(_ command: [String], _ path: String) throws -> Program.Outcome {
            try Program(
                command[0], command.dropFirst() + [path], environment: ["LC_ALL": "C.UTF-8"]
            ).run(within: 30)
        }

        /// "DRIVER refuses: REASON", from the lines of `bypassio state`.
        private func refusal(of path: String) throws -> String {
            let command = try #require(BuiltPrograms.bypassio)
            let lines = try Program(command, ["state", path]).run(within: 30).lines
            func value(_ label: String) throws -> String {
                let line = try #require(lines.first { $0.hasPrefix("\(label): ") }, "\(lines)")
                return String(line.dropFirst(label.count + 2))
            }
            return try "\(value("Driver")) refuses: \(value("Reason"))"
        }

        @Test(
            "The words are whole, and those of bypassio state",
            arguments: Language.allCases.filter { Program.find($0.rawValue) != nil })
        func words(language: Language) throws {
            let mount = try LiveMount(options: "allow_other", filters: Self.filters)
            let command = try program(language, in: mount.folder)
            try Data(repeating: 7, count: 65536).write(
                to: URL(fileURLWithPath: "\(mount.source)/clean"))
            try (Data("ROTTEN".utf8) + Data(repeating: 7, count: 65530)).write(
                to: URL(fileURLWithPath: "\(mount.source)/infected"))
            // A veto of the file system.
            try #require(
                FileManager.default.createFile(atPath: "\(mount.source)/sparse", contents: nil))
            try FileHandle(forWritingTo: URL(fileURLWithPath: "\(mount.source)/sparse"))
                .truncate(atOffset: 65536)

            // The scanner keeps its verdict of a file that has been at rest for 2 s; a question
            // then reports it.
            usleep(2_500_000)
            let clean = try read(command, "\(mount.mountpoint)/clean")
            #expect(clean.code == 0 && clean.lines.first == "reads go past the filters", "\(clean)")
            let facts = try mount.facts("state", "\(mount.mountpoint)/clean")
            let verdict = try #require(facts["verdict"] as? [String: Any])
            let driver = try #require(verdict["storageDriver"] as? String)
            #expect(clean.lines.dropFirst().first == "storage driver: \(driver)")
            #expect(clean.lines.last == "65536 bytes read")

            let infected = try read(command, "\(mount.mountpoint)/infected")
            #expect(infected.lines == [try refusal(of: "\(mount.mountpoint)/infected")])
            #expect(
                infected.lines == ["contentscan refuses: The file holds the signature Fäule€😀."])
            #expect(infected.code == 70, "its reads fail, and the program says so: \(infected)")

            let sparse = try read(command, "\(mount.mountpoint)/sparse")
            #expect(sparse.lines.first == (try refusal(of: "\(mount.mountpoint)/sparse")))
            #expect(sparse.code == 0 && sparse.lines.last == "65536 bytes read")
        }

        @Test(
            "Elsewhere they read as usual",
            arguments: Language.allCases.filter { Program.find($0.rawValue) != nil })
        func elsewhere(language: Language) throws {
            let folder = try TestFolder()
            try Data(repeating: 7, count: 8192).write(
                to: URL(fileURLWithPath: folder.path("file")))
            let outcome = try read(program(language, in: folder), folder.path("file"))
            #expect(outcome.code == 0)
            #expect(
                outcome.lines == ["not a bypassio volume: reading as usual", "8192 bytes read"])
        }
    }
}
