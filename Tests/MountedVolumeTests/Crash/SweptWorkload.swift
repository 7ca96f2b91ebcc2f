import CPosixCalls
import Foundation

/// A workload whose service is killed at each of its system calls: steps of one call of the program
/// each, after which the tree is in a state that a run without a service shows.
struct SweptWorkload: Sendable {
    typealias Step = @Sendable (WorkFolder) throws -> Void

    let name: String
    let steps: [Step]

    /// Each kind of change, with the call that makes it last.
    static let all = [
        SweptWorkload(
            "write, fdatasync",
            [
                { try $0.open("a/foo") }, { try $0.write(1, at: 100, count: 8000) },
                { try $0.write(2, at: 8000, count: 4000) }, { try $0.syncData() },
            ]),
        SweptWorkload(
            "append with O_DSYNC",
            [
                { try $0.open("a/foo", WorkFolder.synchronousData | WorkFolder.append) },
                { try $0.write(3, at: 0, count: 3000) }, { try $0.write(4, at: 0, count: 3000) },
            ]),
        SweptWorkload(
            "O_DIRECT write, fsync",
            [
                { try $0.open("a/foo", WorkFolder.direct) },
                { try $0.write(5, at: 4096, count: 4096) }, { try $0.sync() },
            ]),
        SweptWorkload(
            "mapping, msync",
            [
                { try $0.open("a/foo") }, { try $0.store(6, count: 4096) },
                { try $0.store(7, count: 4096) },
            ]),
        SweptWorkload(
            "truncate, fsync",
            [
                { try $0.open("a/foo") }, { try $0.truncate(3000) }, { try $0.truncate(20000) },
                { try $0.truncateName("a/foo", 100) }, { try $0.sync() },
            ]),
        SweptWorkload(
            "fallocate, fsync",
            [
                { try $0.open("a/foo") }, { try $0.allocate(0, 8192, 8192) },
                { try $0.allocate(3, 0, 4096) }, { try $0.allocate(0x10, 4096, 4096) },
                { try $0.sync() },
            ]),
        SweptWorkload(
            "rename, fsync of both directories",
            [
                { try $0.rename("a/foo", "b/foo") }, { try $0.sync("b") }, { try $0.sync("a") },
            ]),
        SweptWorkload(
            "replace by rename, fsync of the directory",
            [
                { try $0.create("a/new") }, { try $0.write(8, at: 0, count: 6000) },
                { try $0.sync() }, { try $0.rename("a/new", "a/foo") }, { try $0.sync("a") },
            ]),
        SweptWorkload(
            "exchange, unlink, fsync of the directory",
            [
                { try $0.rename("a/foo", "b/bar", 2) }, { try $0.unlink("a/foo") },
                { try $0.sync("a") },
            ]),
        SweptWorkload(
            "link, symlink, mkdir, rmdir",
            [
                { try $0.link("a/foo", "b/link") }, { try $0.symbolicLink("a/symbolic") },
                { try $0.makeDirectory("a/new") }, { try $0.removeDirectory("a/new") },
                { try $0.sync("a") },
            ]),
        SweptWorkload(
            "mode, attribute, fsync",
            [
                { try $0.open("a/foo") }, { try $0.changeMode("a/foo", 0o600) },
                { try $0.setAttribute("a/foo", 9) }, { try $0.sync() },
            ]),
    ]

    init(_ name: String, _ steps: [Step]) { (self.name, self.steps) = (name, steps) }

    /// Runs the steps; returns how many succeeded before one failed.
    func run(in folder: WorkFolder) -> Int {
        for (number, step) in steps.enumerated() {
            do {
                try step(folder)
            } catch {
                return number
            }
        }
        return steps.count
    }

    /// The states of a tree before the first step, and while and after each, where no service is.
    func states(in path: String) throws -> [[FolderState]] {
        try WorkFolder.make(path)
        let folder = WorkFolder(path)
        var states = [[try FolderState(path)]]
        for step in steps {
            var within: [FolderState] = []
            folder.afterPage = { within.append(try FolderState(path)) }
            try step(folder)
            states.append(within + [try FolderState(path)])
        }
        return states
    }
}
