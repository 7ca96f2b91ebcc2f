internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Asks the questions of closed gates, each on a thread, since a filter that is asked may sleep.
///
/// A thread is started for each read. Before it ends, it also asks about reads that came meanwhile.
/// Beyond ``mostThreads`` reads wait their turn. Any thread.
final class ReadQuestions: Sendable {
    static let mostThreads = 32

    private struct State {
        var waiting: [Question] = []
        var threads = 0
    }

    private struct Question {
        let read: HeldRead
        weak var gate: KernelReadGate?
    }

    /// Held for a moment only; no other lock is taken under it.
    private let state = Guarded(State())

    func put(_ read: HeldRead, at gate: KernelReadGate) {
        let question = Question(read: read, gate: gate)
        let startsThread = state.withLock { state in
            state.waiting.append(question)
            guard state.threads < Self.mostThreads else { return false }
            state.threads += 1
            return true
        }
        guard startsThread else { return }
        do throws(Errno) {
            try OwnThread.start(
                named: "bypassio-ask", stackSize: 512 << 10, isInterruptible: false
            ) { self.work() }.detach()
        } catch {
            // No thread could be started: running threads take the question along. If there is
            // none, the question cannot be asked.
            let refused = state.withLock { state in
                state.threads -= 1
                guard state.threads == 0 else { return [Question]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for question in refused {
                let failure = IOFailure(errno: error)
                question.gate?.answer(question.read, failure)
            }
        }
    }

    private func work() {
        while let question = next() {
            // The gate is not kept while its question sleeps. If the gate goes away, its reads
            // pass.
            if let ask = question.gate?.question(for: question.read) {
                let failure = ask(question.read.read)
                question.gate?.answer(question.read, failure)
            }
        }
    }

    private func next() -> Question? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
