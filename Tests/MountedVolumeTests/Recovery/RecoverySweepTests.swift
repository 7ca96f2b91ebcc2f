import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The service is killed where it enters its first, second, third … system call of a workload,
    /// and another takes its place: the program sees each call done, once.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the calls of this service are swept"),
        .enabled(if: Program.find("strace") != nil, "needs strace, which kills at a call"))
    struct RecoverySweep {
        private static let all = SweptWorkload.all + furtherWorkloads

        private static func check(_ answer: Int64, _ call: String) throws {
            guard answer >= 0 else { throw TestError("\(call): \(answer)") }
        }

        /// What only a service can carry out twice by mistake.
        private static let furtherWorkloads = [
            SweptWorkload(
                "attributes that must be there, or must not",
                [
                    { try check(set($0, "user.new", 1, 1), "setxattr, XATTR_CREATE") },
                    { try check(set($0, "user.new", 2, 2), "setxattr, XATTR_REPLACE") },
                    {
                        let answer = unsafe call_removexattr("\($0.root)/a/foo", "user.new")
                        try check(answer, "removexattr")
                    },
                ]),
            SweptWorkload(
                "appends, and a copy",
                [
                    { try $0.open("a/foo", WorkFolder.append) },
                    { try $0.write(3, at: 0, count: 3000) },
                    { try $0.write(4, at: 0, count: 3000) }, { try copy($0) },
                ]),
            SweptWorkload(
                "renames that do not replace, and pipes",
                [
                    { try $0.rename("a/foo", "b/other", 1) },
                    {
                        let answer = unsafe call_mknod("\($0.root)/a/pipe", 0o010644, 0, 0)
                        try check(answer, "mknod")
                    },
                    { try $0.rename("b/other", "a/foo", 1) },
                    { try $0.rename("a/foo", "b/bar", 2) },
                ]),
            SweptWorkload(
                "a file that is removed while it is open",
                [
                    { try $0.create("a/short") }, { try $0.write(4, at: 0, count: 4096) },
                    { try $0.unlink("a/short") }, { try $0.write(5, at: 4096, count: 4096) },
                    { try $0.sync() },
                ]),
        ]

        /// copy_file_range(2) from one file to the other.
        private static func copy(_ folder: WorkFolder) throws {
            let from = try RawFile("\(folder.root)/a/foo")
            let to = try RawFile("\(folder.root)/b/bar", RawFile.readWrite)
            let count = call_copy_file_range(
                from.descriptor, 8000, to.descriptor, 0, 4000, 0)
            guard count == 4000 else { throw TestError("copy_file_range: \(count)") }
        }

        private static func set(
            _ folder: WorkFolder, _ name: String, _ value: UInt8, _ flags: Int32
        ) -> Int64 {
            unsafe call_setxattr("\(folder.root)/a/foo", name, [value], 1, flags)
        }

        @Test(
            "killed at any system call, every call of the program is done once", arguments: 0..<15)
        func sweep(_ index: Int) throws {
            let workload = Self.all[index]
            let folder = try TestFolder()
            let states = try workload.states(in: try folder.makeFolder("native"))
            let last = try #require(states.last?.last)
            try workload.sweep(every: SweptWorkload.stride(16)) { call in
                try attempt(workload, killingAt: call, last)
            }
        }

        @Test("all workloads are swept")
        func all() { #expect(Self.all.count == 15) }

        /// Returns whether the service was killed before the workload was through.
        private func attempt(
            _ workload: SweptWorkload, killingAt call: Int, _ last: FolderState
        ) throws -> Bool {
            let mount = try LiveMount(options: "allow_other,threads=1,recover") {
                try WorkFolder.make($0)
            }
            // Killed before it has a keeper, a service is not replaced.
            _ = try RecoveringMount(mount)
            let killer = try CallKiller(mount.serviceIdentifier, at: call)
            let mountpoint = mount.mountpoint
            let done = OwnThread.value(within: 60) { workload.run(in: WorkFolder(mountpoint)) }
            killer.stop()
            let wasKilled = !mount.serviceIsRunning
            let through = try #require(done, "\(workload.name), call \(call): hangs")
            #expect(
                through == workload.steps.count,
                "\(workload.name), killed at call \(call): step \(through) failed")
            let found = try FolderState(mount.source)
            #expect(found == last, "\(workload.name), killed at call \(call): \(last.description)")
            return wasKilled
        }
    }
}
