import BypassIOMount
import ControlInterface
import FUSE
import HostFileSystem
import IOStack
import LinuxKit
import Logging
import SystemPackage

/// What has another process take this one's place if it dies (`-o recover`, docs/restart.md): the
/// table that it will read, and the keeper that shares this process' descriptors.
///
/// Any thread. Lock order: `noting`, under which the filters that are attached are looked at; then
/// `keeper`, a leaf.
final class ServiceRecovery: Sendable {
    /// In the environment of a successor: the number of the table, and the keeper.
    static let variable = "BYPASSIO_RECOVERY"
    /// A request that is older has its answer. In nanoseconds.
    private static let oldestRequest: Int64 = 600_000_000_000

    let table: RecoveryTable
    private let patience: Int64
    private let log: ServiceLog
    /// For the keeper's words.
    private let line: RecoveryTable.UnfinishedLine
    private let keeper = Guarded<Int32?>(nil)
    private let isOver = Guarded(false)
    /// Held while the table is written; filters, which wait for nothing then, are asked under it.
    private let noting = Guarded<Void>(())

    /// nil where nobody is to take over, and where there is no memory for it.
    ///
    /// - Parameter died: the table of the service before this one.
    init?(_ settings: MountSettings, _ log: ServiceLog, after died: RecoveryTable? = nil) {
        guard settings.crash.recovers else { return nil }
        do throws(Errno) {
            table = try RecoveryTable.make()
        } catch {
            log.logger.tell(
                .error, .warning,
                "no other process can take over if this one dies: no memory for it (\(error))")
            return nil
        }
        let (seconds, attoseconds) = settings.crash.recoveryLimit.components
        patience = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        self.log = log
        line = log.destination.unfinishedLine(
            .error, .error, "nobody serves \(settings.mountPoint) any more: the service died, and ")
        guard let died else { return }
        table.adoptRequests(
            of: died, since: Int64(clamping: died[.death]) - Self.oldestRequest)
        table.set(.earlyDeaths, to: died[.earlyDeaths])
    }

    /// Starts the keeper of a process that succeeds another, before that takes anything over: until
    /// the table of the other is taken, this keeper does nothing. On the first thread, which the
    /// keeper is a child of.
    ///
    /// The keeper has a copy of what this process has mapped so far; so it comes first.
    func prepare(succeeding died: RecoveryTable) { startKeeper(succeeding: died) }

    /// Writes down what the service is, and starts the keeper where there is none yet. On the first
    /// thread.
    func begin(for service: VolumeService) {
        note(service)
        service.live.whenChanged { [weak self, service] in self?.note(service) }
        if keeper.withLock({ $0 }) == nil { startKeeper() }
        tell(service.guardian)
    }

    private func startKeeper(succeeding died: RecoveryTable? = nil) {
        do throws(Errno) {
            let process = try table.startKeeper(
                succeeding: died, CommandLine.arguments, variable: Self.variable,
                patience: patience, log: line)
            keeper.withLock { $0 = process }
            log.logger.tell(
                .start, .info, "process \(process) has another take over if this one dies")
        } catch {
            log.logger.tell(
                .error, .warning, "no other process takes over if this one dies: \(error)")
        }
    }

    private func tell(_ guardian: GuardianLink?) {
        if let process = keeper.withLock({ $0 }) { guardian?.note(keeper: process) }
    }

    private func note(_ service: VolumeService) {
        noting.withLock { _ in
            service.mounted.noteForSuccessor(
                service.live.attached, port: service.control.port?.handed,
                unmounter: Unmounter.current?.channel)
        }
    }

    /// A child of this process has ended: if it was the keeper, there is another.
    func look(for service: VolumeService) {
        let hasEnded = keeper.withLock { keeper in
            guard let process = keeper, SystemCall.hasEnded(child: process) else { return false }
            keeper = nil
            return true
        }
        guard hasEnded, !isOver.withLock({ $0 }) else { return }
        log.logger.tell(.error, .warning, "the keeper was gone; there is another")
        startKeeper()
        tell(service.guardian)
    }

    /// Nobody takes over from here on.
    func end() {
        isOver.withLock { $0 = true }
        table.set(.isOver, to: 1)
    }

    /// After ``end()``, when this process serves on after all.
    func goOn() {
        isOver.withLock { $0 = false }
        table.set(.isOver, to: 0)
    }
}
