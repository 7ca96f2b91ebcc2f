import BypassIOLab
import FUSE
import Foundation
import IOStack
import SystemPackage
import Terminal

/// Plays a scenario on a real mount: another process serves it, and this process is the program
/// that uses it.
enum MountedRun {
    /// Throws a ``CommandError`` where no mount is possible.
    static func run(_ scenario: Scenario, in parent: String) throws -> ScenarioResult {
        if let reason = scenario.onlyInProcess {
            return ScenarioResult(notRun: scenario, reason: "only in process: \(reason)")
        }
        if scenario.needsOtherUser, geteuid() != 0 {
            return ScenarioResult(
                notRun: scenario, reason: "only root can be another user for a while")
        }
        let folder = try LabFolder(scenario.stage, in: parent)
        defer { folder.remove() }
        let service = try LabServiceProcess(
            scenario: scenario.file, source: folder.source, mountPoint: folder.mountPoint)
        defer {
            service.finish(seconds: 10)
            // The service had to be killed.
            if Unmounting.isDead(FilePath(folder.mountPoint)) {
                _ = try? Unmounting.unmount(FilePath(folder.mountPoint), force: true, lazy: true)
            }
        }
        let ready = service.ready()
        guard let name = ready.fileSystemName else {
            let status = ready.exitCode.flatMap(CommandStatus.init) ?? .internalError
            throw CommandError(status, ready.problem ?? "The service did not begin.")
        }
        let stage = MountStage(
            scenario, service, mountPoint: folder.mountPoint, fileSystemName: name)
        return ScenarioRunner().run(scenario, on: stage)
    }
}

extension Scenario {
    fileprivate var needsOtherUser: Bool {
        steps.contains { step in
            if case .open(_, let description) = step.action {
                description.isOrdinaryUser
            } else {
                false
            }
        }
    }
}

/// The process that serves the volume, seen from the process that plays: it sends numbered requests
/// and takes answers in any order. Any thread may call.
final class LabServiceProcess: @unchecked Sendable {
    private struct State {
        var lastNumber = 0
        var replies: [Int: LabReply] = [:]
        var waiting: [Int: DispatchSemaphore] = [:]
        var hasEnded = false
    }

    /// Seconds; more than any step may take.
    private static let patience = 30

    private let process: ChildProcess
    private let state = Guarded(State())

    init(scenario: String, source: String, mountPoint: String) throws {
        // A write to a service that is gone must not end this process.
        signal(SIGPIPE, SIG_IGN)
        process = try ChildProcess(
            [ChildProcess.ownProgram, "lab-service", scenario, source, mountPoint], input: .pipe,
            output: .pipe, errors: .inherited)
        state.withLock { $0.waiting[0] = DispatchSemaphore(value: 0) }
        Thread.detachNewThread { [self] in listen() }
    }

    /// The first answer, which comes without a request: mounted, or the reason why not.
    func ready() -> LabReply { wait(for: 0) }

    /// Sends a request and sleeps until its answer comes.
    func ask(_ request: String) -> LabReply {
        let number = state.withLock { state in
            state.lastNumber += 1
            state.waiting[state.lastNumber] = DispatchSemaphore(value: 0)
            return state.lastNumber
        }
        let line = "\(number) \(request)\n"
        do {
            try process.input?.write(contentsOf: Data(line.utf8))
        } catch {
            return LabReply(problem: "the service has ended")
        }
        return wait(for: number)
    }

    private func wait(for number: Int) -> LabReply {
        let (semaphore, hasEnded) = state.withLock { ($0.waiting[number], $0.hasEnded) }
        if !hasEnded { _ = semaphore?.wait(timeout: .now() + .seconds(Self.patience)) }
        return state.withLock { state in
            state.waiting[number] = nil
            return state.replies.removeValue(forKey: number)
                ?? LabReply(
                    problem: state.hasEnded
                        ? "the service has ended"
                        : "the service did not answer within \(Self.patience) s")
        }
    }

    private func listen() {
        var rest = Data()
        while let data = process.output?.availableData, !data.isEmpty {
            rest.append(data)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                take(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                rest = Data(rest[rest.index(after: end)...])
            }
        }
        state.withLock { state in
            state.hasEnded = true
            for semaphore in state.waiting.values { semaphore.signal() }
        }
    }

    private func take(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]),
            let reply = try? JSONDecoder().decode(LabReply.self, from: Data(parts[1].utf8))
        else { return }
        state.withLock { state in
            state.replies[number] = reply
            state.waiting[number]?.signal()
        }
    }

    /// Waits at most `seconds` for the process to end; then ends it.
    func finish(seconds: Int) {
        try? process.input?.close()
        process.end(within: Double(seconds))
    }
}
