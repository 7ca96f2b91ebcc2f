import Foundation
import Testing

/// ClamAV's service, with a configuration and a small database of its own: it starts within a
/// second and needs no download.
final class Clamd: @unchecked Sendable {
    static let program = Program.find("clamd")

    /// What the first database finds.
    static let evil = "bypassio-test-signature-1"
    /// What a later one finds, too.
    static let worse = "bypassio-test-signature-2"

    let folder: TestFolder
    var socket: String { folder.path("clamd.ctl") }
    private var service: RunningProgram?

    /// - Parameter more: lines of clamd.conf(5).
    init(_ more: [String] = []) throws {
        folder = try TestFolder()
        let database = try folder.makeFolder("database")
        let temporary = try folder.makeFolder("temporary")
        try add(Self.evil, as: "Test.Evil", to: "own.ndb")
        let lines =
            [
                "LocalSocket \(socket)", "DatabaseDirectory \(database)",
                "TemporaryDirectory \(temporary)", "LogFile \(folder.path("log"))",
                "Foreground yes",
                "MaxThreads 4", "AlertExceedsMax yes", "ConcurrentDatabaseReload no",
                "IdleTimeout 1",
            ] + more
        try Data((lines.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(fileURLWithPath: folder.path("clamd.conf")))
        try start()
    }

    deinit { stop() }

    /// A signature of these characters, anywhere in a file of any type.
    func add(_ text: String, as name: String, to file: String) throws {
        let digits = text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        try Data("\(name):0:*:\(digits.joined())\n".utf8)
            .write(to: URL(fileURLWithPath: folder.path("database/\(file)")))
    }

    func start() throws {
        let program = Program(
            try #require(Self.program), ["--config-file=\(folder.path("clamd.conf"))"])
        let running = try RunningProgram(program)
        service = running
        let socket = socket
        let isThere = LiveMount.eventually {
            (try? Self.ask("PING", socket)) == "PONG" || !running.isRunning
        }
        guard isThere, running.isRunning else {
            throw TestError("no clamd: \(running.outputSoFar)\(running.errorsSoFar)")
        }
    }

    func stop() {
        guard let service else { return }
        service.signal(SIGKILL)
        _ = service.wait(within: 20)
        self.service = nil
    }

    func signal(_ number: Int32) { service?.signal(number) }

    @discardableResult
    func ask(_ command: String) throws -> String { try Self.ask(command, socket) }

    private static func ask(_ command: String, _ socket: String) throws -> String {
        let words = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(20)
            s.connect(sys.argv[1])
            s.sendall(b"z" + sys.argv[2].encode() + b"\\0")
            print(s.recv(4096).split(b"\\0")[0].decode())
            """
        let outcome = try Program("/usr/bin/env", ["python3", "-c", words, socket, command])
            .run(within: 30)
        guard outcome.code == 0 else { throw TestError("\(outcome)") }
        return outcome.output.trimmingCharacters(in: .newlines)
    }
}

/// A directory with the filter `scan` over it, and the clamd that it asks.
final class ScannedFolder {
    let clamd: Clamd
    let folder: TestFolder
    let source: String
    let place: String
    private var service: RunningProgram?

    init(_ clamd: Clamd) throws {
        self.clamd = clamd
        folder = try TestFolder()
        source = try folder.makeFolder("source")
        place = try folder.makeFolder("mount")
    }

    deinit { unmount() }

    var words: String { "scan,socket=\(clamd.socket),store=\(folder.path("verdicts"))" }

    func mount(_ settings: String = "", options: String = "allow_other") throws {
        unmount()
        let running = try RunningProgram(
            Program(
                try #require(BuiltPrograms.bypassio),
                ["mount", "-o", options, "--filter", words + settings, source, place]))
        let place = place
        let isMounted = LiveMount.eventually {
            MountTable.fileSystem(at: place) != nil || !running.isRunning
        }
        service = running
        guard isMounted, running.isRunning else {
            throw TestError("no mount: \(running.outputSoFar)\(running.errorsSoFar)")
        }
    }

    func unmount() {
        guard let service else { return }
        _ = try? Program("/bin/umount", [place]).run(within: 20)
        let end = service.wait(within: 20)
        #expect(end == nil || end?.code == 0, "\(String(describing: end))")
        if end == nil { service.signal(SIGKILL) }
        if MountTable.fileSystem(at: place) != nil {
            _ = try? Program("/bin/umount", ["-l", place]).run(within: 20)
        }
        self.service = nil
    }

    func kill() {
        service?.signal(SIGKILL)
        _ = service?.wait(within: 20)
        _ = try? Program("/bin/umount", ["-l", place]).run(within: 20)
        service = nil
    }

    /// In the mount.
    func shell(_ words: String) throws -> Program.Outcome {
        try Program.shell(words, in: place).run(within: 60)
    }

    /// Below it.
    func below(_ words: String) throws -> Program.Outcome {
        try Program.shell(words, in: source).run(within: 60)
    }

    func bypassio(_ words: String...) throws -> Program.Outcome {
        try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
    }

    /// A figure of the filter's.
    func figure(_ name: String) throws -> String? {
        let listed = try bypassio("instances", "--json", place)
        let all = try JSONSerialization.jsonObject(with: Data(listed.output.utf8))
        return Self.find(name, in: all)
    }

    private static func find(_ name: String, in value: Any) -> String? {
        if let object = value as? [String: Any] {
            if object["name"] as? String == "scan" || object["filter"] as? String == "scan",
                let settings = object["settings"] as? [String: String]
            {
                return settings[name]
            }
            return object.values.lazy.compactMap { find(name, in: $0) }.first
        }
        return (value as? [Any])?.lazy.compactMap { find(name, in: $0) }.first
    }
}
