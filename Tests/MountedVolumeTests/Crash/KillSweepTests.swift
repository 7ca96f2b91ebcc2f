import Foundation
import Testing

extension MountedVolume {
    /// The service is killed where it enters its first, second, third … system call of a workload:
    /// SOURCE is then in a state that the program could be in, with all that was acknowledged.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the calls of this service are swept"),
        .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"))
    struct KillSweep {
        @Test("killed at any system call it leaves the old state or the new", arguments: 0..<11)
        func sweep(_ index: Int) throws {
            let workload = SweptWorkload.all[index]
            let folder = try TestFolder()
            let states = try workload.states(in: try folder.makeFolder("native"))
            try workload.sweep(every: SweptWorkload.stride(16)) { call in
                try attempt(workload, killingAt: call, states)
            }
        }

        @Test("all workloads are swept")
        func all() { #expect(SweptWorkload.all.count == 11) }

        /// Returns whether the service was killed before the workload was through.
        private func attempt(
            _ workload: SweptWorkload, killingAt call: Int, _ states: [[FolderState]]
        ) throws -> Bool {
            // One thread carries the requests, so that its calls are those of the workload.
            let mount = try LiveMount(options: "allow_other,threads=1") { try WorkFolder.make($0) }
            let killer = try CallKiller(mount.serviceIdentifier, at: call)
            let mountpoint = mount.mountpoint
            let done = OwnThread.value(within: 60) { workload.run(in: WorkFolder(mountpoint)) }
            let acknowledged = try #require(done, "\(workload.name), call \(call): hangs")
            let isThrough = acknowledged == workload.steps.count
            killer.stop()
            mount.killService()
            let found = try FolderState(mount.source)
            let last = states[acknowledged].suffix(1)
            let allowed =
                last + (acknowledged < workload.steps.count ? states[acknowledged + 1] : [])
            let names = allowed.map(\.description)
            #expect(
                allowed.contains(found),
                "\(workload.name), killed at call \(call) after \(acknowledged) steps: \(names)")
            return !isThrough
        }
    }
}

/// strace, which lets a process go until a thread of it enters its Nth system call, and kills it
/// there.
struct CallKiller {
    private let program: RunningProgram

    init(_ process: Int64, at call: Int) throws {
        guard let path = Program.find("strace") else { throw TestError("no strace") }
        program = try RunningProgram(
            Program(
                path,
                [
                    "-f", "-p", "\(process)", "-o", "/dev/null", "-e", "trace=all",
                    "-e", "inject=all:signal=KILL:when=\(call)",
                ]))
        let end = Date(timeIntervalSinceNow: 30)
        while !program.errorsSoFar.contains("attached") {
            guard program.isRunning, Date() < end else {
                throw TestError("strace does not attach: \(program.errorsSoFar)")
            }
            usleep(5000)
        }
    }

    func stop() {
        program.signal(2)
        _ = program.wait(within: 10)
    }
}
