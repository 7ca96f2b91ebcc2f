import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// `bypassio events` and `top`, and `/metrics`, on a live mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct Events {
        private let folder: TestFolder
        private let place: String
        private let program: String

        init() throws {
            folder = try TestFolder()
            place = try folder.makeFolder("mount")
            program = try #require(BuiltPrograms.bypassio)
            let source = try folder.makeFolder("source")
            try Data([UInt8](repeating: 65, count: 16_384)).write(
                to: URL(fileURLWithPath: "\(source)/data"))
            let mount = try Program(
                program,
                [
                    "mount", "--background", "--log", folder.path("log"), "--filter", "readaudit",
                    source, place,
                ]
            ).run(within: 20)
            #expect(mount.code == 0, "\(mount)")
        }

        private func ask(_ arguments: String...) throws -> Program.Outcome {
            try Program(program, arguments).run(within: 20)
        }

        private func events(_ arguments: String...) throws -> [ServiceEvent] {
            let outcome = try Program(program, ["events", place, "--json"] + arguments)
                .run(within: 20)
            #expect(outcome.code == 0, "\(outcome)")
            return try outcome.output.split(separator: "\n").map {
                try JSONDecoder().decode(ServiceEvent.self, from: Data($0.utf8))
            }
        }

        private func unmount() { _ = try? ask("umount", "--lazy", place) }

        @Test("what happened is told in order, with its fields, from where one asks on")
        func kept() throws {
            defer { unmount() }
            #expect(try ask("fsctl", "\(place)/data", "pause").code == 0)
            #expect(try ask("fsctl", "\(place)/data", "resume").code == 0)
            let all = try events()
            let kinds = all.map(\.kind)
            #expect(kinds.starts(with: [.attached, .mounted]), "\(kinds)")
            #expect(kinds.contains(.paused) && kinds.contains(.resumed))
            #expect(all.map(\.number) == Array(1...UInt64(all.count)))
            let pause = try #require(all.first { $0.kind == .paused })
            #expect(pause.path == "data" && pause.operation == "FS_BPIO_OP_STREAM_PAUSE")
            #expect(pause.id == 30 && pause.severity == .info)
            #expect(try events("--since", String(pause.number)).first?.number == pause.number + 1)
            #expect(try events("--since", "1h").count >= all.count)
            #expect(try events("--since", "2999-01-01T00:00:00Z") == [])
            #expect(try ask("events", place, "--since", "noon").code == 64)
            let text = try ask("events", place)
            #expect(text.output.contains("paused") && text.output.contains("bypass of data"))
        }

        @Test("a follower hears of what comes, and ends with the mount")
        func followed() throws {
            let events = Pipe()
            let follower = Process()
            follower.executableURL = URL(fileURLWithPath: program)
            follower.arguments = ["events", place, "--follow", "--json"]
            follower.standardOutput = events
            try follower.run()
            let reader = events.fileHandleForReading
            var seen = ""
            while !seen.contains(#""kind":"mounted""#) {
                let piece = reader.availableData
                try #require(!piece.isEmpty, "the follower ended: \(seen)")
                seen += String(decoding: piece, as: UTF8.self)
            }
            #expect(try ask("detach", "readaudit", place).code == 0)
            while !seen.contains(#""kind":"detached""#) {
                let piece = reader.availableData
                try #require(!piece.isEmpty, "the follower ended: \(seen)")
                seen += String(decoding: piece, as: UTF8.self)
            }
            unmount()
            seen += String(decoding: reader.readDataToEndOfFile(), as: UTF8.self)
            follower.waitUntilExit()
            #expect(follower.terminationStatus == 0)
            #expect(seen.contains(#""kind":"channelEnded""#), "\(seen)")
        }

        @Test("top ends with the mount")
        func topEnds() throws {
            let looks = Pipe()
            let top = Process()
            top.executableURL = URL(fileURLWithPath: program)
            top.arguments = ["top", place, "--json", "--interval", "0.1"]
            top.standardOutput = looks
            try top.run()
            try #require(!looks.fileHandleForReading.availableData.isEmpty)
            unmount()
            _ = looks.fileHandleForReading.readDataToEndOfFile()
            top.waitUntilExit()
            #expect(top.terminationStatus == 0)
        }

        @Test("top shows who has what open, and what the filters ran")
        func top() throws {
            defer { unmount() }
            let file = try #require(FileHandle(forReadingAtPath: "\(place)/data"))
            defer { try? file.close() }
            let text = try ask("top", place, "--once", "--interval", "0.1")
            #expect(text.code == 0)
            #expect(text.output.contains("readaudit") && text.output.contains("1 traditional"))
            #expect(text.output.contains("\(getpid()) ("), "\(text)")
            let json = try ask("top", place, "--once", "--json", "--interval", "0.1")
            let report = try JSONDecoder().decode(
                ActivityReport.self, from: Data(json.output.utf8))
            #expect(report.openHandles >= 1 && report.files.map(\.name) == ["data"])
            #expect(try ask("top", place, "--interval", "0").code == 64)
            #expect(try ask("top", folder.path("source")).code == 66)
        }
    }
}
