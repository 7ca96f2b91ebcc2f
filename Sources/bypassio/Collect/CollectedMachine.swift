import ArgumentParser
import Foundation
import LinuxKit
import Terminal

/// The machine: its kernel, what it lets FUSE do, and its limits.
enum CollectedMachine {
    static var sections: [CollectedSection] {
        [
            CollectedSection("machine", machine), CollectedSection("fuse", fuse),
            CollectedSection("limits", limits),
        ]
    }

    private static var machine: [String] {
        let system = lines(of: "/etc/os-release").first { $0.hasPrefix("PRETTY_NAME=") }
        let memory = lines(of: "/proc/meminfo").prefix(3)
        let process = ProcessInfo.processInfo
        return ["bypassio: \(BypassioCommand.configuration.version)"]
            + lines(of: "/proc/version").map { "kernel: \($0)" }
            + ["system: \(system ?? "/etc/os-release does not tell")"]
            + ["processors: \(process.activeProcessorCount) of \(process.processorCount)"]
            + memory
            + lines(of: "/proc/self/status").filter {
                ["Uid:", "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:"]
                    .contains(where: $0.hasPrefix)
            }
    }

    private static var fuse: [String] {
        let device = (try? FileManager.default.attributesOfItem(atPath: "/dev/fuse"))
            .map { "there, permissions \(permissions($0))" }
        let helper = ChildProcess.path(of: "fusermount3")
        let version = helper.flatMap { output(of: [$0, "--version"]) }
        return ["/dev/fuse: \(device ?? "missing")"]
            + values(below: "/sys/module/fuse/parameters")
            + values(below: "/proc/sys/fs/fuse")
            + lines(of: "/etc/fuse.conf").filter { !$0.hasPrefix("#") && !$0.isEmpty }
            .map { "/etc/fuse.conf: \($0)" }
            + ["fusermount3: \(version?.first ?? helper ?? "not installed")"]
    }

    private static var limits: [String] {
        let files = [
            "/proc/sys/fs/nr_open", "/proc/sys/fs/file-max", "/proc/sys/fs/file-nr",
            "/proc/sys/kernel/io_uring_disabled", "/proc/sys/kernel/threads-max",
            "/proc/sys/kernel/pid_max",
        ]
        return files.flatMap { file in lines(of: file).map { "\(file): \($0)" } }
            + values(below: "/proc/sys/fs/fanotify")
            + values(below: "/proc/sys/fs/inotify")
            + lines(of: "/proc/self/limits")
    }

    private static func permissions(_ attributes: [FileAttributeKey: Any]) -> String {
        let mode = attributes[.posixPermissions] as? NSNumber
        return mode.map { String($0.intValue, radix: 8) } ?? "unknown"
    }

    // MARK: Files of the kernel, and programs

    static func lines(of file: String) -> [String] {
        (KernelFile.text(file) ?? "").split(separator: "\n").map(String.init)
    }

    /// `FILE: VALUE` of every file of a folder.
    static func values(below folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().flatMap { name in
            lines(of: "\(folder)/\(name)").prefix(1).map { "\(folder)/\(name): \($0)" }
        }
    }

    /// Lines of a program that is given five seconds; nil where it is not there, fails or takes
    /// longer.
    static func output(of command: [String]) -> [String]? {
        let bounded = ["timeout", "--kill-after=1", "5"] + command
        return ChildProcess.output(of: bounded)?.split(separator: "\n").map(String.init)
    }
}
