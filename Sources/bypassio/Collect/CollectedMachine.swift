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

/// The newest lines of the services' logs, without the names of files.
struct LogExcerpt {
    let lines: Int
    let keepsNames: Bool

    /// Kinds whose lines name no file but SOURCE, mount points and logs.
    private static let nameless: Set = [
        "start", "mount", "attach", "detach", "report", "total", "channel", "signal", "end",
        "request",
    ]

    func sections(of services: [ServiceProcess]) -> [CollectedSection] {
        guard lines > 0 else { return [] }
        var files: [String] = []
        for file in services.compactMap(\.logFile) where !files.contains(file) {
            files.append(file)
        }
        return [journal] + files.map(section)
    }

    private var journal: CollectedSection {
        let command = [
            "journalctl", "--no-pager", "--quiet", "--output=short-iso",
            "--identifier=bypassio", "--lines=\(lines)",
        ]
        guard let found = CollectedMachine.output(of: command) else {
            return CollectedSection("journal", ["(there is no journal, or it did not answer)"])
        }
        return CollectedSection("journal", found.map(shown))
    }

    /// By another process, which may hang in its place.
    private func section(of file: String) -> CollectedSection {
        let command = ["tail", "-n", "\(lines)", "--", file]
        guard let found = CollectedMachine.output(of: command) else {
            return CollectedSection("log \(file)", ["(it cannot be read)"])
        }
        return CollectedSection("log \(file)", found.map(shown))
    }

    private func shown(_ line: String) -> String {
        keepsNames ? line : Self.withoutNames(line)
    }

    /// `… bypassio[17]: KIND: TEXT`; of the kinds that name files, and of those that are not known
    /// here, the text is told without what may be a name.
    static func withoutNames(_ line: String) -> String {
        guard let mark = line.firstMatch(of: #/bypassio(\[\d+\])?: /#) else { return "…" }
        let rest = line[mark.range.upperBound...]
        let kind = rest.prefix { $0 != ":" && $0 != " " }
        guard rest.dropFirst(kind.count).hasPrefix(": ") else {
            return line[..<mark.range.upperBound] + "…"
        }
        if nameless.contains(String(kind)) { return String(line) }
        let text = rest.dropFirst(kind.count + 2)
        return line[..<mark.range.upperBound] + "\(kind): " + withoutName(text)
    }

    /// A name stands behind one of the first words and before one of the last. A name may hold such
    /// words itself, so that what is kept is the shortest that is possible.
    private static func withoutName(_ text: Substring) -> String {
        let head = [" for ", " of ", " in ", " reads "]
            .compactMap { text.range(of: $0)?.upperBound }.min()
        guard let head else { return "…" }
        let tail = [
            " (STATUS_", " by process ", " is paused", " is resumed", " by a read", " by an open",
            " without asking", ", because ",
        ].compactMap { text[head...].range(of: $0, options: .backwards)?.lowerBound }.max()
        return text[..<head] + "…" + (tail.map { String(text[$0...]) } ?? "")
    }
}
