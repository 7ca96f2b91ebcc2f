import Foundation
import LinuxKit
package import SystemPackage

/// A working day on each surface in turn, round after round, so that a change of the machine's
/// speed affects all.
package final class DayBench {
    private let program: FilePath
    private let rounds: Int
    private let command: String
    private let folder: BenchFolder
    private let tell: (String) -> Void

    /// - Parameters:
    ///   - program: the command `bypassio`, which guards.
    ///   - command: that makes the report again.
    ///   - tell: gets progress messages.
    package init(
        program: FilePath, rounds: Int, command: String, in folder: BenchFolder,
        tell: @escaping (String) -> Void
    ) {
        self.program = program
        self.rounds = rounds
        self.command = command
        self.folder = folder
        self.tell = tell
    }

    /// Measures everything. Throws a ``BenchError``.
    package func run() throws -> DayReport {
        let machine = Machine(folder: folder.path)
        let start = KernelClock.monotonic
        tell("making a repository, an archive and a project")
        let from = folder.path.appending("from")
        try FileManager.default.createDirectory(
            atPath: from.string, withIntermediateDirectories: false)
        try WorkingDay.prepare(in: from)
        let script = folder.path.appending("day.sh")
        try Data(WorkingDay.script.utf8).write(to: URL(fileURLWithPath: script.string))
        var surfaces = DaySurface.all(in: folder)
        var times: [String: [[String: UInt64]]] = [:]
        var leftOut: [DayReport.LeftOut] = []
        for round in 0..<rounds {
            for turn in surfaces.indices {
                try Interruption.check()
                let surface = surfaces[(turn + round) % surfaces.count]
                guard !leftOut.contains(where: { $0.surface == surface.name }) else { continue }
                tell("round \(round + 1) of \(rounds): \(surface.name)")
                do {
                    times[surface.name, default: []].append(
                        try surface.spend(script, from: from, program: program, in: folder))
                } catch let error as BenchError where error.kind == .route {
                    if case .native = surface.kind { throw error }
                    leftOut.append(
                        DayReport.LeftOut(surface: surface.name, reason: error.description))
                }
            }
        }
        surfaces.removeAll { surface in leftOut.contains { $0.surface == surface.name } }
        return DayReport(
            command: command, machine: machine,
            seconds: Double(KernelClock.monotonic - start) / 1e9, rounds: rounds,
            surfaces: surfaces.map(\.name), times: times, leftOut: leftOut)
    }
}
