import BypassIOProtocol
import ControlInterface
import Foundation
import Glibc
import LinuxKit
import SystemPackage
import Terminal

/// The service of one directory of a guard.
final class GuardService {
    /// Guards of one directory at a time.
    private static let most = 16
    /// For the mount.
    private static let patience: Duration = .seconds(60)

    let place: GuardedDirectory
    /// Where the volume is mounted before it covers the directory.
    let mountPoint: FilePath
    let process: Int32
    /// Who names the directory reaches it.
    private let isUsual: Bool
    private let log: FilePath
    /// The file of its audit.
    let record: FilePath
    /// When it was started, as records of an audit have it.
    let start = WallTime.now.iso8601
    /// What is kept to be taken back.
    let undo: UndoPlace?
    private var isEnded = false
    let client: ControlClient

    /// Starts it, in new namespaces or in those of another one.
    init(
        _ place: GuardedDirectory, _ folder: FilePath, inNamespacesOf first: GuardService?,
        isRoot: Bool, filters: [String], record: FilePath?,
        undo: (choice: GuardUndo, session: String)?
    ) throws {
        self.undo = try undo.map { try UndoPlace(store: $0.choice.store, name: $0.session) }
        self.record = record ?? folder.appending("record")
        self.place = place
        mountPoint = folder.appending("mount")
        log = folder.appending("log")
        try? FileManager.default.createDirectory(
            atPath: mountPoint.string, withIntermediateDirectories: true)
        let socket = try Self.freeSocket(of: place)
        isUsual = socket == ControlPlace.own(place.path)
        try? FileManager.default.createDirectory(
            atPath: socket.directory.string, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        client = ControlClient(socket: socket.path, patience: .seconds(5))
        let enter: [String]
        if let first {
            let user = isRoot ? [] : ["--user", "--preserve-credentials"]
            enter = ["nsenter", "--target", "\(first.process)"] + user + ["--mount", "--"]
        } else {
            let user = isRoot ? [] : ["--user", "--map-root-user"]
            enter = ["unshare"] + user + ["--mount", "--propagation", "private", "--"]
        }
        // When the guard is killed, so is the service: the command gets errors.
        let options = (isRoot ? "allow_other,dev,suid,bypass=auto," : "") + "control=\(socket.path)"
        process = try GuardProcess.start(
            enter + ["setpriv", "--pdeathsig", "KILL", "--", ChildProcess.ownProgram] + [
                "mount", "-o", options, "--log", log.string,
            ] + filters.flatMap { ["--filter", $0] } + [
                "--filter", "audit,file=\(self.record.string)",
            ] + (undo.map { ["--filter", $0.choice.filter($0.session)] } ?? []) + [
                place.path.string, mountPoint.string,
            ], output: folder.appending("output"))
    }

    /// The usual place of the directory's interface; beside it where another guard, or a mount, of
    /// the directory answers.
    private static func freeSocket(of place: GuardedDirectory) throws -> ControlPlace {
        let usual = ControlPlace.own(place.path)
        guard isAnswered(usual) else { return usual }
        // No path has an unescaped tilde in its name.
        let stem = usual.name.dropLast(".sock".count)
        for number in 2...most {
            let next = ControlPlace(path: usual.directory.appending("\(stem)~\(number).sock"))
            if !isAnswered(next) { return next }
        }
        throw CommandError(.inUse, "\(place.path) has \(most) guards already.")
    }

    private static func isAnswered(_ socket: ControlPlace) -> Bool {
        let client = ControlClient(socket: socket.path, patience: .seconds(2))
        do throws(ControlClientError) {
            let _: ServiceReport = try client.get("/v1/service")
            return true
        } catch {
            if case .unreachable = error { return false }
            return true
        }
    }

    /// Returns when the volume answers.
    func awaitMount() throws {
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end {
            if let report: ServiceReport = try? client.get("/v1/service"),
                report.process == process, report.isMounted
            {
                if !isUsual { tellSocket() }
                return
            }
            guard let code = GuardProcess.exitCode(ofEnded: process) else {
                usleep(5000)
                continue
            }
            // 1 is the answer of the tools that make the namespaces.
            let status = code == 1 ? nil : CommandStatus(rawValue: code)
            throw CommandError(
                status ?? .unavailable, "\(place.path) cannot be guarded: \(messages)")
        }
        throw CommandError(
            .unavailable,
            "\(place.path) cannot be guarded: its service does not answer. It said: \(messages)")
    }

    private func tellSocket() {
        StandardOutput.complain(
            "guard: another answers for \(place.path); this one does with "
                .appending("--socket \(client.socket)").onOneLine)
    }

    private var messages: String {
        let file = log.removingLastComponent().appending("output")
        let text = (try? String(contentsOfFile: file.string, encoding: .utf8)) ?? ""
        // It says its own name first, as every command does.
        let lines = text.split(separator: "\n").map { $0.trimmingPrefix("bypassio: ") }
        return lines.last.map(String.init) ?? "the service ended before it mounted."
    }

    /// The first signal unmounts, the second ends it although files are open.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        for _ in 0..<2 {
            kill(process, SIGTERM)
            for _ in 0..<400 {
                if GuardProcess.exitCode(ofEnded: process) != nil { return }
                usleep(2500)
            }
        }
        kill(process, SIGKILL)
        _ = GuardProcess.wait(process)
    }
}
