import CPosixCalls
import Glibc
import IOStack

/// Runs histories, each in a copy of this process, which one that breaks a promise ends.
struct Runs {
    let mutant: String?

    /// Begins a run; returns the copy's number.
    func begin(_ history: History, isQuiet: Bool, tells: Bool = false) -> Int64 {
        let copy = call_fork()
        guard copy == 0 else { return copy }
        if isQuiet {
            let nowhere = unsafe open("/dev/null", O_WRONLY)
            for stream in [STDOUT_FILENO, STDERR_FILENO] { dup2(nowhere, stream) }
        }
        // Nothing takes so long but what never ends.
        alarm(60)
        unsafe Interleaving.mutant = mutant
        let world = World(history)
        world.tellsMessages = tells
        do {
            try world.run()
        } catch {
            world.fail("the service does not begin: \(error)")
        }
        if tells { tell(world) }
        flush()
        _exit(0)
    }

    private func tell(_ world: World) {
        for line in world.journal { print(line) }
        print(
            "\(world.scheduler.decisions) decisions, \(world.scheduler.trail), \(world.rests) rests"
        )
    }

    /// Waits for the end of a run; true: all promises held.
    func end(_ copy: Int64) -> Bool {
        var code: Int32 = 0
        guard copy > 0, unsafe waitpid(pid_t(copy), &code, 0) == pid_t(copy) else { return false }
        return code == 0
    }

    func holds(_ history: History) -> Bool { end(begin(history, isQuiet: true)) }

    // MARK: The shortest history

    /// Leaves out steps for as long as what is left still breaks a promise (delta debugging,
    /// Zeller and Hildebrandt, 2002), and then faults.
    func shortest(_ history: History) -> History {
        var best = history
        var part = max(1, best.steps.count / 2)
        while true {
            var start = 0
            var hasShrunk = false
            while start < best.steps.count {
                var shorter = best
                shorter.steps.removeSubrange(start..<min(best.steps.count, start + part))
                if let broken = broken(shorter) {
                    (best, hasShrunk) = (broken, true)
                } else {
                    start += part
                }
            }
            if part == 1, !hasShrunk { break }
            part = max(1, part / 2)
        }
        for index in best.steps.indices where best.steps[index].fault != nil {
            var simpler = best
            simpler.steps[index].fault = nil
            if let broken = broken(simpler) { best = broken }
        }
        return best
    }

    /// Other steps meet in another order: a few are tried. nil: the promises hold.
    private func broken(_ history: History) -> History? {
        for order in [history.order] + Array(1...30) {
            var other = history
            other.order = order
            if !holds(other) { return other }
        }
        return nil
    }
}
