internal import IOStack
internal import LinuxKit

/// Threads whose reads the gate let pass, until they are known to have gone on.
///
/// The kernel wakes a thread up and does not wait for it. On a busy machine the thread may stand at
/// the gate for long with the answer in its hands, neither running nor asleep inside the read.
struct PassedReaders: Sendable {
    /// From this number on, threads that have gone on are removed.
    private static let many = 128

    /// How often the thread had run when its read was let pass.
    private var runs: [UInt32: UInt64] = [:]

    var isEmpty: Bool { runs.isEmpty }

    init(_ handed: [HandedGate.Passed] = []) {
        for one in handed { runs[one.thread] = one.runs }
    }

    var handed: [HandedGate.Passed] {
        runs.map { HandedGate.Passed(thread: $0.key, runs: $0.value) }
    }

    mutating func letPass(_ read: HeldRead) {
        if runs.count >= Self.many { removeGone() }
        // Before the answer, so that any run from now on is seen.
        runs[read.read.thread] = SystemCall.runs(of: read.read.thread)
        read.answer(nil)
    }

    /// Hands the threads over to a drain that waits for them.
    mutating func taken() -> PassedReaders {
        defer { runs = [:] }
        return self
    }

    /// Forgets the threads that have run since, or are gone.
    mutating func removeGone() {
        runs = runs.filter { thread, before in SystemCall.runs(of: thread) == before }
    }
}
