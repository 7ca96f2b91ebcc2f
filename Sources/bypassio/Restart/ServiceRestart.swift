import BypassIOMount
import BypassIOProtocol
import ControlInterface
import FUSE
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import Logging
import SystemPackage

/// The old service's side of a restart in place (docs/restart.md).
final class ServiceRestart: Sendable {
    /// For requests under way to end.
    private static let haltLimit = Duration.seconds(5)
    /// For the new process to take everything over.
    private static let patience = Duration.seconds(30)
    /// For the answer to reach the client, in microseconds.
    private static let lastMoment: UInt32 = 100_000

    private let mounted: MountedVolume
    private let live: LiveFilters
    private let log: ServiceLog
    private let manager: ServiceManager
    private let port: ControlPort?
    private let recovery: ServiceRecovery?
    private let canStart: Bool
    private let isUnderWay = Guarded(false)

    /// - Parameter canStart: this process' command line is that of a mount.
    init(
        _ mounted: MountedVolume, _ live: LiveFilters, _ log: ServiceLog,
        _ manager: ServiceManager, _ port: ControlPort?, _ recovery: ServiceRecovery? = nil,
        canStart: Bool = true
    ) {
        self.canStart = canStart
        self.recovery = recovery
        self.mounted = mounted
        self.live = live
        self.log = log
        self.manager = manager
        self.port = port
    }

    /// Hands the mount to a new process, and ends this one a moment later. If that fails, this
    /// service goes on. Any thread that may wait, but none that serves the mount.
    func run() throws(ControlFault) -> RestartReport {
        guard canStart else {
            throw Self.fault("a mount of bypassio sample has no command line of its own")
        }
        let isFirst = isUnderWay.withLock { isUnderWay in
            defer { isUnderWay = true }
            return !isUnderWay
        }
        guard isFirst else {
            throw ControlFault(409, "restarting", "A restart is under way already.")
        }
        let begin = ContinuousClock.now
        do throws(ControlFault) {
            let process = try handOver()
            let pause = ContinuousClock.now - begin
            leave(process)
            return RestartReport(
                process: process,
                pauseMilliseconds: pause.components.seconds * 1000
                    + pause.components.attoseconds / 1_000_000_000_000_000)
        } catch {
            isUnderWay.withLock { $0 = false }
            log.logger.tell(.error, .warning, "no restart: \(error.message)")
            throw error
        }
    }

    private func handOver() throws(ControlFault) -> Int32 {
        var state: ServiceState
        do throws(RestartRefusal) {
            state = try mounted.halt(within: Self.haltLimit)
        } catch {
            throw Self.fault("\(error)")
        }
        do {
            state.filters = live.handedOver()
            state.port = port?.handed
            return try start(state)
        } catch {
            let failure = error as? Failure
            mounted.goOn(isAlone: failure?.isAlone ?? true)
            throw Self.fault(failure?.words ?? "\(error)")
        }
    }

    private struct Failure: Error {
        let words: String
        /// The new process was not told to go on.
        var isAlone = true
    }

    private static func fault(_ words: String) -> ControlFault {
        ControlFault(
            409, "no-restart", "The service goes on as it was: \(words).",
            advice: "docs/restart.md says what cannot be handed over.")
    }

    /// Starts the new process and waits until it serves.
    private func start(_ state: ServiceState) throws -> Int32 {
        let memory = try SystemCall.memory(named: "bypassio-state")
        try SystemCall.writeAll(state.bytes, to: memory.descriptor, at: 0)
        let ends = try SystemCall.channel(patience: 1000)
        let own = OwnedDescriptor(owning: ends.first)
        let other = OwnedDescriptor(owning: ends.second)
        let numbers = [other.descriptor.rawValue, memory.descriptor.rawValue]
        let unmounter = Unmounter.current.map { [$0.channel] } ?? []
        let setting = (numbers + [getpid()] + unmounter).map(String.init).joined(separator: ",")
        let child = try SystemCall.startSuccessor(
            CommandLine.arguments, setting: "\(ServiceHandover.variable)=\(setting)",
            inheriting: state.descriptors + numbers + unmounter)
        // So the end of the new process is the end of the channel.
        try other.close()
        var isAlone = true
        do {
            try expect(.restored, from: own.descriptor)
            isAlone = false
            // Whatever becomes of this process: another one serves.
            recovery?.end()
            try HandoverWord.go.send(to: own.descriptor)
            try expect(.serves, from: own.descriptor)
            return child
        } catch {
            SystemCall.killChild(child)
            if !isAlone { recovery?.goOn() }
            throw Failure(words: (error as? Failure)?.words ?? "\(error)", isAlone: isAlone)
        }
    }

    private func expect(_ word: HandoverWord, from channel: FileDescriptor) throws {
        switch HandoverWord.next(from: channel, within: Self.patience) {
        case word: return
        case .refused(let why): throw Failure(words: why)
        case nil: throw Failure(words: "the new process ended, or said nothing in time")
        case .some: throw Failure(words: "the new process said something else")
        }
    }

    /// Ends this process without giving up anything that the new one has.
    private func leave(_ process: Int32) {
        let words = "process \(process) serves \(mounted.mountPoint) from now on"
        log.logger.tell(.mount, .info, words)
        manager.tellSuccessor(process, words)
        Thread.detachNewThread { [log] in
            usleep(Self.lastMoment)
            log.end(within: .milliseconds(300))
            SystemCall.leave(with: CommandStatus.success.rawValue)
        }
    }
}
