import ArgumentParser
import BypassIOLab
import BypassIOMount
import BypassIOProtocol
import FUSE
import Foundation
import HostFileSystem
import IOStack
import SystemPackage
import Terminal

/// `bypassio lab-service`: the process that serves a scenario's volume. `lab run --mount` starts
/// it; it reads requests from standard input and answers on standard output.
struct LabServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab-service", shouldDisplay: false)

    @Argument var scenario: String
    @Argument var source: String
    @Argument var mountPoint: String

    func run() throws {
        try reportingErrors {
            umask(0)
            let text = try ScenarioFiles.text(scenario)
            let service: LabService
            do {
                service = try LabService(
                    try Scenario(parsing: text, file: scenario), source: source,
                    mountPoint: mountPoint)
            } catch let error as CommandError {
                LabService.answer(
                    0, LabReply(problem: error.message, exitCode: error.status.rawValue))
                return
            }
            service.serve()
        }
    }
}

/// The mounted volume of a scenario, and the requests of the process that plays it.
///
/// A thread of its own answers each request, because a step may wait for a later one.
final class LabService: Sendable {
    private static let output = Guarded(())
    /// Seconds to wait for a read that a step holds.
    private static let patience = 10

    private let scenario: Scenario
    private let stack: StagedStack
    private let opened = OpenedFiles()
    private let mounted: MountedVolume
    /// A step has unmounted already.
    private let isUnmounted = Guarded(false)

    /// Mounts; throws a ``CommandError`` if that fails.
    init(_ scenario: Scenario, source: String, mountPoint: String) throws {
        self.scenario = scenario
        let fileSystem: HostFileSystem
        do throws(Errno) {
            fileSystem = try HostFileSystem(root: FilePath(source))
        } catch {
            throw CommandError(.noInput, "\(source) cannot be served: \(error).")
        }
        if let veto = Self.vetoOfPlainFile(fileSystem, in: source) {
            throw CommandError(
                .cannotCreate,
                "No file of that folder can bypass: name another with --folder. \(veto.reason)")
        }
        do throws(NTStatus) {
            stack = try StagedStack(
                scenario.stage, fileSystem: fileSystem, storage: HostDisk(fileSystem.topology))
            let filters = stack.io.filterManager
            try filters.attach(try filters.register(opened.registration), to: stack.volume)
        } catch {
            throw CommandError(.malformed, "The stage cannot be built: \(error)")
        }
        var options = VolumeMountOptions()
        options.mount.source = source
        options.mount.allowOther = geteuid() == 0
        // Steps may hold several reads at once.
        options.maximumThreads = 64
        // Scenarios play the rule of Windows (spec 6.8).
        options.pausers = .anyone
        options.drainLimit = scenario.stage.drainLimit
        do throws(VolumeMountError) {
            mounted = try MountedVolume.mount(
                stack.volume, at: FilePath(mountPoint), options: options)
        } catch {
            throw CommandError(CommandStatus(error), "Cannot mount: \(error)")
        }
        Self.answer(0, LabReply(fileSystemName: fileSystem.name))
    }

    /// The host file system's veto of any file there; nil if it has none.
    private static func vetoOfPlainFile(
        _ fileSystem: HostFileSystem, in source: String
    ) -> StorageVeto? {
        let volume = IOManager().mount(
            fileSystem, named: source, storage: HostDisk(fileSystem.topology))
        let directory = try? volume.open("")
        defer { directory?.close() }
        do throws(IOFailure) {
            let file = try volume.open(
                CreateParameters(
                    path: "", directory: directory, access: [.read, .write],
                    options: [.nonCached, .temporary]))
            defer { file.close() }
            try file.apply(.allocation(.extend, offset: 0, length: 65536))
            return fileSystem.bypassVeto(for: file)
        } catch {
            return StorageVeto(
                error.status, reason: "A file cannot be opened for direct I/O (\(error)).")
        }
    }

    static func answer(_ number: Int, _ reply: LabReply) {
        guard let data = try? JSONEncoder().encode(reply) else { return }
        let line = "\(number) \(String(decoding: data, as: UTF8.self))"
        output.withLock { _ in StandardOutput.print(line) }
    }

    /// Runs until standard input ends or `end` comes.
    func serve() {
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2, let number = Int(words[0]) else { continue }
            if words[1] == "end" {
                Self.answer(number, end())
                return
            }
            DispatchQueue(label: "bypassio.lab.request").async { [self] in
                Self.answer(number, reply(words[1], words.count > 2 ? words[2] : ""))
            }
        }
        _ = end()
    }

    private func reply(_ request: String, _ argument: String) -> LabReply {
        switch request {
        case "step":
            let step = Int(argument).flatMap { index in
                scenario.steps.indices.contains(index) ? scenario.steps[index] : nil
            }
            guard let step else { return LabReply(problem: "no step \(argument)") }
            var action = step.action
            if case .start(_, let started) = action { action = started }
            if case .unmount = action { return unmount() }
            return LabReply(outcome: stack.perform(action, patience: Self.patience))
        case "bind":
            guard let file = opened.take() else { return LabReply(problem: "nothing was opened") }
            stack.bind(file, to: argument)
            return LabReply()
        case "same":
            let names = argument.split(separator: "=").map(String.init)
            guard names.count == 2, let file = stack.file(names[1]) else {
                return LabReply(problem: "\(argument) is not open")
            }
            stack.bind(file, to: names[0])
            return LabReply()
        case "tally":
            return LabReply(tally: stack.file(argument).map(ReadTally.init))
        case "closed":
            return LabReply(isClosed: stack.file(argument)?.isClosed ?? true)
        case "release":
            stack.releaseAll()
            return LabReply()
        default: return LabReply(problem: "no request \(request)")
        }
    }

    private func unmount() -> LabReply {
        do {
            try mounted.unmount()
        } catch {
            return LabReply(problem: "\(error)")
        }
        isUnmounted.withLock { $0 = true }
        return LabReply(outcome: Outcome())
    }

    private func end() -> LabReply {
        stack.releaseAll()
        if !isUnmounted.withLock({ $0 }), let problem = unmount().problem {
            return LabReply(problem: problem)
        }
        mounted.waitUntilUnmounted()
        return LabReply(remains: stack.remains)
    }
}

/// Records the file objects that programs open, so that the script can distinguish its handles. A
/// filter of creates alone: it counts as opted in and sees no read. Any thread may call.
final class OpenedFiles: Sendable {
    private let last = Guarded<FileObject?>(nil)

    /// The last file object opened for reading or writing; nil if an earlier call took it.
    func take() -> FileObject? { last.withLock { $0.take() } }

    var registration: FilterRegistration {
        FilterRegistration(
            name: "lab", altitude: Altitude("0.000000001") ?? Altitude(integer: 0),
            supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .create,
                    postOperation: { [self] data, _, _ in
                        // The mount looks at names without opening their data.
                        if let file = data.fileObject, data.ioStatus.status.isSuccess,
                            !file.access.isEmpty
                        {
                            last.withLock { $0 = file }
                        }
                        return .finishedProcessing
                    })
            ])
    }
}

/// An answer of the process that serves a scenario's volume. Each is one line: the number of the
/// request, a blank, and this as JSON.
struct LabReply: Codable {
    /// To `ready`: the name that vetoes of the file system carry.
    var fileSystemName: String?
    /// To `step`.
    var outcome: Outcome?
    /// To `tally`.
    var tally: ReadTally?
    /// To `closed`.
    var isClosed: Bool?
    /// To `end`.
    var remains: [String]?
    /// Why the request failed, and the command's exit code if the run has to end.
    var problem: String?
    var exitCode: Int32?
}
