import Foundation
import Testing

/// A directory of encrypted files, which the filter `encrypt` and Debian's gocryptfs mount in turn.
final class EncryptedFolder {
    let folder: TestFolder
    let source: String
    let place: String
    let passfile: String
    private var service: RunningProgram?
    private var isTheirs = false

    static let peer = Program.find("gocryptfs")

    /// - Parameter isTheirs: gocryptfs makes the key, instead of the command.
    init(madeByPeer isTheirs: Bool = false) throws {
        folder = try TestFolder()
        source = try folder.makeFolder("source")
        place = try folder.makeFolder("mount")
        passfile = folder.path("passfile")
        try Data("a passphrase\n".utf8).write(to: URL(fileURLWithPath: passfile))
        let made: Program.Outcome
        if isTheirs {
            made = try Program(
                try #require(Self.peer),
                ["-q", "-init", "-plaintextnames", "-scryptn", "10", "-passfile", passfile, source]
            ).run(within: 60)
        } else {
            made = try Self.bypassio(
                "init-encrypt", "--scryptn", "10", "--passfile", passfile, source)
        }
        guard made.code == 0 else { throw TestError("no key: \(made)") }
    }

    deinit { unmount() }

    static func bypassio(_ words: String...) throws -> Program.Outcome {
        try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
    }

    /// With the filter, by the command.
    func mount(_ settings: String = "", options: String = "allow_other") throws {
        unmount()
        let words = [
            "mount", "-o", options, "--filter", "encrypt,passfile=\(passfile)\(settings)", source,
            place,
        ]
        isTheirs = false
        try start(Program(try #require(BuiltPrograms.bypassio), words))
    }

    /// By gocryptfs, whose key cannot be other than ours.
    func mountByPeer() throws {
        unmount()
        isTheirs = true
        try start(
            Program(
                try #require(Self.peer),
                ["-fg", "-q", "-nosyslog", "-passfile", passfile, source, place]))
    }

    private func start(_ program: Program) throws {
        let running = try RunningProgram(program)
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
        if service.wait(within: 20) == nil { service.signal(SIGKILL) }
        if MountTable.fileSystem(at: place) != nil {
            _ = try? Program("/bin/umount", ["-l", place]).run(within: 20)
        }
        self.service = nil
    }

    var serviceIdentifier: Int64 { service?.identifier ?? 0 }
    func kill() {
        service?.signal(SIGKILL)
        _ = service?.wait(within: 20)
    }

    /// In the mount.
    func shell(_ words: String) throws -> Program.Outcome {
        try Program.shell(words, in: place).run(within: 120)
    }

    /// Below it.
    func below(_ words: String) throws -> Program.Outcome {
        try Program.shell(words, in: source).run(within: 60)
    }
}
