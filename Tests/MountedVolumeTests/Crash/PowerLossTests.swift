import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// What fsync(2) through the mount promised is there after a loss of power: workloads of one
    /// and two operations, each on a file system of its own that loses its disk right after the
    /// fsync(2), and is mounted again with what had reached the disk.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "native mounts keep the promises of their own"),
        .enabled(if: MemoryDisk.areThere, "needs zram: disks that lose their power"))
    struct PowerLoss {
        /// A workload's file system, within SOURCE.
        private struct Place {
            let operations: [TreeOperation]
            let disk: MemoryDisk
            let name: String
            var target = ""
            var promised: SyncedState?

            var title: String { operations.map(\.rawValue).joined(separator: ", ") }
        }

        private func places(
            _ workloads: [[TreeOperation]], _ fileSystem: String, in source: String
        ) throws -> [Place] {
            try workloads.enumerated().map { number, operations in
                let path = "\(source)/\(number)"
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false)
                let disk = try MemoryDisk(
                    fileSystem, megabytes: fileSystem == "xfs" ? 320 : 16, at: path)
                try WorkTree(path).make()
                return Place(operations: operations, disk: disk, name: "\(number)")
            }
        }

        /// How a workload ends.
        private enum End { case fsync, fdatasync, nothing }

        /// - Returns: the workloads after which something was missing, and how it was.
        private func lost(
            _ workloads: [[TreeOperation]], _ fileSystem: String, _ end: End = .fsync
        ) throws -> [String] {
            var places: [Place] = []
            let mount = try LiveMount(options: "allow_other") {
                places = try self.places(workloads, fileSystem, in: $0)
            }
            for index in places.indices {
                var tree = WorkTree("\(mount.mountpoint)/\(places[index].name)")
                for operation in places[index].operations {
                    places[index].target = try operation.run(in: &tree)
                }
                switch end {
                case .fsync: try tree.sync(places[index].target)
                case .fdatasync: try tree.syncData(places[index].target)
                case .nothing: break
                }
                places[index].promised = try tree.state(places[index].target)
                try places[index].disk.fileSystemLosesIt()
            }
            mount.stop()
            try MemoryDisk.mountAgain(places.map(\.disk))
            return places.compactMap { place in
                let state = try? WorkTree("\(mount.source)/\(place.name)").state(place.target)
                let isThere =
                    end == .fsync
                    ? state == place.promised : state?.bytesAlone == place.promised?.bytesAlone
                return isThere
                    ? nil
                    : "\(place.title): \(state?.description ?? "nothing") instead of "
                        + "\(place.promised?.description ?? "nothing")"
            }
        }

        @Test("ext4: all of one operation")
        func ext4() throws {
            #expect(try lost(TreeOperation.allCases.map { [$0] }, "ext4") == [])
        }

        @Test("ext4: all pairs", arguments: TreeOperation.allCases)
        func pairs(_ first: TreeOperation) throws {
            let workloads = TreeOperation.allCases.map { [first, $0] }
            // Two of them make the same directory or the same link.
            let possible = workloads.filter { pair in
                pair[0] != pair[1] || ![.makeDirectory, .symbolicLink].contains(first)
            }
            #expect(try lost(possible, "ext4") == [])
        }

        @Test("fdatasync(2) on ext4 and xfs", arguments: ["ext4", "xfs"])
        func dataAlone(_ fileSystem: String) throws {
            let single = TreeOperation.ofBytes.map { [$0] }
            let pairs = TreeOperation.ofBytes.flatMap { first in
                TreeOperation.ofBytes.map { [first, $0] }
            }
            let workloads = fileSystem == "ext4" ? single + pairs : single
            #expect(try lost(workloads, fileSystem, .fdatasync) == [])
        }

        @Test("O_DSYNC, msync(2), and a synced file renamed over another, with its directory")
        func lasting() throws {
            let single = TreeOperation.lasting.map { [$0] }
            let pairs = TreeOperation.lasting.flatMap { first in
                TreeOperation.lasting.map { [first, $0] }
            }
            // Of the others what came before is not promised.
            let replaced = TreeOperation.allCases.map { [$0, TreeOperation.replaceSynced] }
            let missing = try lost(single + pairs + replaced, "ext4", .nothing)
            #expect(missing == [])
            let missingOnXFS = try lost(single, "xfs", .nothing)
            #expect(missingOnXFS == [])
        }

        @Test("xfs: all of one operation")
        func xfs() throws {
            #expect(try lost(TreeOperation.allCases.map { [$0] }, "xfs") == [])
        }

        @Test("without fsync(2) the bytes are lost: the tests can tell")
        func unsynced() throws {
            let workloads: [[TreeOperation]] = [[.create], [.write], [.append], [.mapped]]
            #expect(try lost(workloads, "ext4", .nothing).count == workloads.count)
        }
    }
}
