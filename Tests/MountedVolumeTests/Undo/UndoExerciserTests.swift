import Foundation
import Testing

extension MountedVolume {
    /// Random changes through the filter `undo`, all of them taken back.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct UndoneChanges {
        /// BYPASSIO_TEST_UNDO_SEEDS=1000 tries more.
        private static let seeds =
            ProcessInfo.processInfo.environment["BYPASSIO_TEST_UNDO_SEEDS"].flatMap { UInt64($0) }
            ?? 12

        @Test("every change is taken back, to the byte and the nanosecond")
        func folder() throws {
            for seed in 0..<Self.seeds { try exercise(seed) }
        }

        @Test("with a store on another disk, too, where files are copied")
        func otherDisk() throws {
            for seed in 100..<100 + Self.seeds {
                let place = "/dev/shm/bypassio-undo-\(UUID().uuidString)"
                defer { try? FileManager.default.removeItem(atPath: place) }
                try exercise(seed, store: place)
            }
        }

        @Test("on file systems that share blocks, too", arguments: ["xfs", "btrfs"])
        func shared(_ kind: String) throws {
            guard Program.find("mkfs.\(kind)") != nil else { return }
            let folder = try TestFolder()
            let disk: InnerMount
            do {
                disk = try InnerMount(
                    at: folder.path("disk"), image: folder.path("image"), megabytes: 400,
                    madeBy: ["mkfs.\(kind)", "-q"])
            } catch {
                // Without loop devices, or without the file system in this kernel.
                return
            }
            for seed in 200..<200 + Self.seeds {
                let place = "\(disk.path)/\(seed)"
                try FileManager.default.createDirectory(
                    atPath: place, withIntermediateDirectories: false)
                // XFS tells holes otherwise once they were read.
                try exercise(seed, in: place, holes: kind != "xfs")
            }
        }

        @Test("also when the service is killed at any moment")
        func killed() throws {
            for seed in 300..<300 + Self.seeds { try exercise(seed, killing: true) }
        }

        private func exercise(
            _ seed: UInt64, in place: String? = nil, store: String? = nil, holes: Bool = true,
            killing: Bool = false
        ) throws {
            let stage = try UndoStage(in: place, store: store)
            try RandomChanges(stage.source, seed: seed).makeTree()
            let before = try UndoSnapshot(of: stage.source, holes: holes)
            try stage.mount()
            let changes = RandomChanges(stage.mountpoint, seed: seed &+ 1)
            if killing {
                var random = ChangeNumbers(seed: seed)
                let microseconds = UInt32.random(in: 0..<300_000, using: &random)
                let service = Int32(stage.serviceIdentifier)
                Thread.detachNewThread {
                    usleep(microseconds)
                    Foundation.kill(service, SIGKILL)
                }
            }
            changes.change(80)
            changes.close()
            if killing { stage.kill() } else { stage.unmount() }
            let outcome = try stage.undo("revert", "--all", "--session", "none")
            #expect(outcome.code == 66)
            // A session that changed nothing is gone.
            guard !stage.sessions.isEmpty else { return }
            let revert = try stage.undo("revert", "--all")
            #expect(revert.code == 0, "seed \(seed): \(revert)")
            let after = try UndoSnapshot(of: stage.source, holes: holes)
            #expect(after.differences(from: before) == [], "seed \(seed)")
            #expect(stage.sessions == [])
        }
    }
}
