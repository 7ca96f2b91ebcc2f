import BypassIOProtocol
import Foundation
import Testing

extension MountedVolume {
    /// The filters of Examples/ProcessFilter, and what becomes of a mount when such a program dies.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct ProcessExamples {
        private static let examples =
            URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
            + "/Examples/ProcessFilter"

        private static let hasPython = Program.find("python3") != nil
        private static let hasCompiler = Program.find("cc") != nil

        private let folder: TestFolder
        private let socket: String
        private let mount: LiveMount

        init() throws {
            folder = try TestFolder()
            socket = folder.path("volume.sock")
            mount = try LiveMount(
                options: "allow_other,recover,control=\(socket)", filters: ["process,timeout=1s"]
            ) { source in
                for name in ["a.secret", "plain"] {
                    try Data("\(name)\n".utf8).write(to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
        }

        private func shell(_ script: String) throws -> String {
            let outcome = try Program.shell(script, in: mount.mountpoint).run(within: 60)
            return outcome.output + outcome.errors
        }

        private func settings() throws -> [String: String] {
            let answer = try Program(
                try #require(BuiltPrograms.bypassio),
                ["instances", "--json", "--socket", socket, mount.mountpoint]
            ).run(within: 60)
            // The service is about to be replaced.
            guard answer.code == 0 else { return [:] }
            let reports = try JSONDecoder().decode(
                [InstanceReport].self, from: Data(answer.output.utf8))
            return reports.first { $0.filter == "process" }?.settings ?? [:]
        }

        private func started(_ path: String, _ arguments: [String]) throws -> RunningProgram {
            let program = try RunningProgram(Program(path, arguments + [socket]))
            while try settings()["programs"] != "secrets" {
                guard program.isRunning else {
                    throw TestError(program.outputSoFar + program.errorsSoFar)
                }
                usleep(10_000)
            }
            return program
        }

        private func python() throws -> RunningProgram {
            try started(
                try #require(Program.find("python3")), ["\(Self.examples)/filter.py"])
        }

        private func expectItDecides(_ program: RunningProgram) throws {
            #expect(try shell("cat a.secret").contains("Operation not permitted"))
            #expect(try shell("cat plain") == "plain\n")
            while !program.outputSoFar.contains("plain") { usleep(10_000) }
            #expect(program.outputSoFar.contains("deny"), "\(program.outputSoFar)")
        }

        @Test("the filter in Python", .enabled(if: hasPython, "needs python3"))
        func inPython() throws {
            let program = try python()
            try expectItDecides(program)
            program.signal(SIGTERM)
            _ = program.wait(within: 60)
        }

        @Test(
            "the filters register again after a restart, and after the service died",
            .enabled(if: hasPython && hasCompiler, "needs python3 and cc"),
            arguments: [true, false]
        )
        func replaced(isPython: Bool) throws {
            let program = try isPython ? python() : compiled()
            let restart = try Program(
                try #require(BuiltPrograms.bypassio),
                ["restart", "--socket", socket, mount.mountpoint]
            ).run(within: 60)
            #expect(restart.code == 0, "\(restart)")
            try awaitRegistration(program)
            try RecoveringMount(mount).killService()
            while try settings()["programs"] != "none" {
                // It may be registered again already.
                if try settings()["programs"] == "secrets" { break }
                usleep(10_000)
            }
            try awaitRegistration(program)
            try expectItDecides(program)
            program.signal(SIGTERM)
            _ = program.wait(within: 60)
        }

        private func awaitRegistration(_ program: RunningProgram) throws {
            while try settings()["programs"] != "secrets" {
                try #require(program.isRunning, "\(program.errorsSoFar)")
                usleep(10_000)
            }
        }

        private func compiled() throws -> RunningProgram {
            let made = try Program(
                try #require(Program.find("cc")),
                [
                    "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o",
                    folder.path("filter"), "\(Self.examples)/filter.c",
                ]
            ).run(within: 120)
            try #require(made.code == 0, "\(made)")
            return try started(folder.path("filter"), [])
        }

        @Test("the filter in C", .enabled(if: hasCompiler, "needs cc"))
        func inC() throws {
            let program = try compiled()
            try expectItDecides(program)
            program.signal(SIGTERM)
            _ = program.wait(within: 60)
        }

        @Test(
            "a program that is killed or stopped under sixteen readers does not stop them",
            .enabled(if: hasPython, "needs python3"), arguments: [SIGKILL, SIGSTOP])
        func dies(signal: Int32) throws {
            let program = try python()
            let readers = try (0..<16).map { _ in
                try RunningProgram(
                    Program.shell(
                        "for i in 1 2 3 4 5 6 7 8; do cat '\(mount.mountpoint)/plain'; done"))
            }
            program.signal(signal)
            for reader in readers {
                let outcome = reader.wait(within: 120)
                #expect(
                    outcome?.output == String(repeating: "plain\n", count: 8),
                    "\(outcome as Any)")
            }
            // Nobody asks it any more.
            while try settings()["programs"] != "none" { _ = try shell("cat plain") }
            #expect(mount.serviceIsRunning)
            program.signal(SIGKILL)
            _ = program.wait(within: 60)
            let next = try python()
            try expectItDecides(next)
            next.signal(SIGKILL)
            _ = next.wait(within: 60)
        }
    }
}
