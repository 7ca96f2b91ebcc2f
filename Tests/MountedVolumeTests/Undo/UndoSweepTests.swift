import Foundation
import Testing

extension MountedVolume {
    /// The service is killed where it enters each system call of a change: a revert afterwards
    /// gives the old state.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the calls of this service are swept"),
        .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"))
    struct UndoSweep {
        @Test("killed at any system call, the old state can be had", arguments: 0..<11)
        func sweep(_ index: Int) throws {
            let workload = SweptWorkload.all[index]
            try workload.sweep(every: SweptWorkload.stride(199)) { call in
                try attempt(workload, killingAt: call)
            }
        }

        /// Returns whether the service was killed before the workload was through.
        private func attempt(_ workload: SweptWorkload, killingAt call: Int) throws -> Bool {
            let stage = try UndoStage()
            try WorkFolder.make(stage.source)
            let before = try UndoSnapshot(of: stage.source)
            try stage.mount("", options: "allow_other,threads=1")
            let killer = try CallKiller(stage.serviceIdentifier, at: call)
            let mountpoint = stage.mountpoint
            let done = OwnThread.value(within: 60) { workload.run(in: WorkFolder(mountpoint)) }
            let steps = try #require(done, "\(workload.name), call \(call): hangs")
            killer.stop()
            stage.kill()
            if !stage.sessions.isEmpty {
                let revert = try stage.undo("revert", "--all")
                #expect(revert.code == 0, "\(workload.name), call \(call): \(revert)")
            }
            let after = try UndoSnapshot(of: stage.source)
            #expect(
                after.differences(from: before) == [],
                "\(workload.name), killed at call \(call) after \(steps) steps")
            return steps < workload.steps.count
        }
    }
}
