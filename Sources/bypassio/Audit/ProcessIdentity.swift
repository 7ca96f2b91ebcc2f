import LinuxKit
import Locks
import Minifilters
import SystemPackage

/// The processes of threads with what tells them apart from later ones of the same number.
///
/// Remembered for a second: reading them takes as long as several opens. Any thread. Lock order: a
/// leaf.
final class ProcessIdentities: Sendable {
    private struct Known: Sendable {
        let actor: AuditedActor
        let end: Int64
    }

    /// Nanoseconds.
    private static let validity: Int64 = 1_000_000_000
    private static let most = 4096

    private let known = Monitor<[Int32: Known]>([:])

    func actor(_ thread: Int32) -> AuditedActor {
        guard thread > 0 else {
            return AuditedActor(process: 0, start: nil, program: nil, session: nil)
        }
        let now = Int64(clamping: KernelClock.monotonic)
        if let found = known.withLock({ $0[thread] }), found.end > now { return found.actor }
        let actor = Self.read(thread)
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[thread] = Known(actor: actor, end: now + Self.validity)
        }
        return actor
    }

    private static func read(_ thread: Int32) -> AuditedActor {
        let process = TaskStatus(thread: thread)?.process ?? thread
        let program = ProgramOfThread.path(process)
        guard let text = KernelFile.text("/proc/\(process)/stat"),
            // The name, in brackets, may hold anything.
            let end = text.lastIndex(of: ")")
        else {
            return AuditedActor(process: process, start: nil, program: program, session: nil)
        }
        // From the third field on: state, parent, group, session, …; the 22nd is the start.
        let fields = text[text.index(after: end)...].split(separator: " ")
        return AuditedActor(
            process: process, start: fields.count > 19 ? UInt64(fields[19]) : nil,
            program: program, session: fields.count > 3 ? Int32(fields[3]) : nil)
    }
}
