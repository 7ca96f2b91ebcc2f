import Foundation
import Glibc
import SystemPackage
import Terminal

/// Where a working day is spent: a directory as a program sees it.
struct DaySurface {
    enum Kind {
        /// The directory itself.
        case native
        /// `bypassio guard`, with these options.
        case guarded([String])
        /// Another file system over the directory, which a process serves; and the directory's
        /// place there.
        case mounted([String], at: FilePath)
    }

    let name: String
    let kind: Kind
    /// The directory on the disk. A day begins in an empty one.
    let directory: FilePath

    /// All of them, native first.
    static func all(in folder: BenchFolder) -> [DaySurface] {
        func surface(_ name: String, _ kind: Kind) -> DaySurface {
            DaySurface(name: name, kind: kind, directory: directory(of: name, in: folder))
        }
        func mounted(_ name: String, _ command: [String]) -> DaySurface {
            let place = folder.mounts.appending(name)
            return surface(name, .mounted(command + [place.string], at: place))
        }
        let layers = [
            "lowerdir=\(folder.peers.appending("lower"))",
            "upperdir=\(directory(of: "fuse-overlayfs", in: folder))",
            "workdir=\(folder.peers.appending("work"))",
        ]
        return [
            surface("native", .native),
            surface("guard", .guarded([])),
            surface("guard, record", .guarded(["--record", record(in: folder).string])),
            surface(
                "guard, record, undo",
                .guarded([
                    "--record", record(in: folder).string, "--undo-store",
                    store(in: folder).string,
                ])),
            mounted(
                "bindfs",
                ["bindfs", "-f"] + (geteuid() == 0 ? [] : ["--no-allow-other"])
                    + [directory(of: "bindfs", in: folder).string]),
            mounted(
                "fuse-overlayfs", ["fuse-overlayfs", "-f", "-o", layers.joined(separator: ",")]),
        ]
    }

    private static func directory(of name: String, in folder: BenchFolder) -> FilePath {
        folder.source.appending(name.replacing(", ", with: "-"))
    }

    private static func record(in folder: BenchFolder) -> FilePath {
        folder.path.appending("record")
    }

    private static func store(in folder: BenchFolder) -> FilePath { folder.path.appending("undo") }

    /// Spends a day there. Throws a ``BenchError`` where the surface cannot be had, or a step
    /// failed.
    ///
    /// - Returns: nanoseconds by the steps' names.
    func spend(_ script: FilePath, from: FilePath, program: FilePath, in folder: BenchFolder)
        throws -> [String: UInt64]
    {
        let manager = FileManager.default
        // Guarded commands may not see what lies beside the directory, but they do see this.
        let times = folder.path.appending("times")
        for path in [directory, Self.record(in: folder), Self.store(in: folder)] {
            try? manager.removeItem(atPath: path.string)
        }
        for name in ["work", "lower"] {
            let path = folder.peers.appending(name).string
            try? manager.removeItem(atPath: path)
            try? manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        do {
            try manager.createDirectory(
                atPath: directory.string, withIntermediateDirectories: false)
            try WorkingDay.fill(directory)
            try Data().write(to: URL(fileURLWithPath: times.string))
        } catch {
            throw BenchError(
                .folder, "\(directory) cannot be filled: \(error.localizedDescription).")
        }
        sync()
        try run(["env", "from=\(from)", "times=\(times)", "sh", script.string], program, folder)
        let found = Self.read(times)
        guard let missing = WorkingDay.steps.first(where: { found[$0.name] == nil }) else {
            return found
        }
        throw BenchError(.route, "The step \(missing.name) failed on \(name).")
    }

    private func run(_ day: [String], _ program: FilePath, _ folder: BenchFolder) throws {
        let messages = folder.path.appending("messages")
        _ = FileManager.default.createFile(atPath: messages.string, contents: nil)
        func spend(_ command: [String]) throws {
            let child: ChildProcess
            do throws(ChildProcess.Failure) {
                child = try ChildProcess(command, errors: .file(messages))
            } catch {
                throw BenchError(.route, "\(error)")
            }
            while child.isRunning {
                if Interruption.received != nil { child.terminate() }
                usleep(10_000)
            }
            try Interruption.check()
            guard child.waitForEnd() == 0 else {
                let said = (try? String(contentsOfFile: messages.string, encoding: .utf8)) ?? ""
                throw BenchError(
                    .route, "On \(name): " + (said.split(separator: "\n").last ?? "it failed."))
            }
        }
        func within(_ place: FilePath) -> [String] {
            ["env", "-C", place.string] + day
        }
        switch kind {
        case .native: try spend(within(directory))
        case .guarded(let options):
            try spend(
                [program.string, "guard"] + options + [directory.string, "--"] + within(directory))
        case .mounted(let command, let place):
            let mount = ServedMount(command, at: place, messages: messages)
            try mount.start()
            defer { mount.stop() }
            try spend(within(place))
        }
    }

    private static func read(_ times: FilePath) -> [String: UInt64] {
        let text = (try? String(contentsOfFile: times.string, encoding: .utf8)) ?? ""
        return Dictionary(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 2, let time = UInt64(words[1]) else { return nil }
                return (String(words[0]), time)
            }, uniquingKeysWith: { $1 })
    }
}
