import BypassIOProtocol
import FUSE
import Foundation
import LinuxKit
import SystemPackage

/// A bypassio mount, seen from outside, and what its service says of itself if it answers.
struct CollectedMount {
    /// Each may take five seconds to answer, or not.
    private static let most = 32

    let entry: MountEntry
    /// The line of /proc/self/mountinfo.
    let line: String

    /// The mounts of this process's namespace, or the one at that place; throws a ``CommandError``
    /// where no FUSE mount is.
    static func all(at mountPoint: String?) throws -> [CollectedMount] {
        let text = (try? KernelFile.bytes(of: "/proc/self/mountinfo")) ?? []
        let mounts = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            MountEntry(line: line).map {
                CollectedMount(entry: $0, line: String(decoding: line, as: UTF8.self))
            }
        }
        guard let mountPoint else {
            return Array(mounts.filter { $0.entry.fileSystemType == "fuse.bypassio" }.prefix(most))
        }
        let place = ArgumentPath.mountPoint(mountPoint)
        guard let mount = mounts.last(where: { $0.entry.mountPoint == place }),
            mount.entry.fileSystemType.hasPrefix("fuse")
        else {
            throw CommandError(
                .noInput,
                "No bypassio volume is mounted at \(mountPoint): findmnt -t fuse.bypassio lists "
                    + "volumes.")
        }
        return [mount]
    }

    var section: CollectedSection {
        CollectedSection(
            "mount \(entry.mountPoint.string)",
            [line] + connection + sourceLines + answer)
    }

    /// The connection's own numbers: what waits tells a service that hangs.
    private var connection: [String] {
        let number = entry.device.minor
        return CollectedMachine.values(below: "/sys/fs/fuse/connections/\(number)")
    }

    /// What SOURCE lies on.
    private var sourceLines: [String] {
        guard let below = MountTable.current.entry(containing: FilePath(entry.source)) else {
            return []
        }
        let options = below.options.joined(separator: ",")
        return [
            "source lies on \(below.fileSystemType) at \(below.mountPoint.string), "
                + "of \(below.source), \(options)"
        ]
    }

    private var answer: [String] {
        do {
            let place = entry.mountPoint
            return ["service: \(try VolumeReport.json(of: place, named: place.string))"]
        } catch let error as CommandError {
            return ["service: \(error.message)"]
        } catch {
            return ["service: \(error)"]
        }
    }
}

/// A process that serves a mount, by what /proc says of it: it may be stopped or hang.
struct ServiceProcess {
    /// Told of at most.
    private static let most = 32
    private static let programs: Set = ["bypassio", "mount.bypassio", "mount.fuse.bypassio"]

    let identifier: Int
    let arguments: [String]

    /// Those that this user sees.
    static func all() -> [ServiceProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return Array(
            names.compactMap(Int.init).sorted().compactMap(ServiceProcess.init).prefix(most))
    }

    /// nil for any other process.
    private init?(_ identifier: Int) {
        guard
            let bytes = try? KernelFile.bytes(
                of: FilePath("/proc/\(identifier)/cmdline"), limit: 65536),
            !bytes.isEmpty
        else { return nil }
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let name = words[0].split(separator: "/").last.map(String.init) ?? ""
        guard Self.programs.contains(name), name != "bypassio" || words.contains("mount") else {
            return nil
        }
        self.identifier = identifier
        arguments = words.filter { !$0.isEmpty }
    }

    /// A file that its log is appended to; nil where the command line names none.
    var logFile: String? {
        var found: String?
        for (index, word) in arguments.enumerated() {
            let next = index + 1 < arguments.count ? arguments[index + 1] : nil
            if word == "--log" { found = next }
            if word.hasPrefix("--log=") { found = String(word.dropFirst("--log=".count)) }
            guard word == "-o", let next else { continue }
            for option in next.split(separator: ",") where option.hasPrefix("log=") {
                found = String(option.dropFirst("log=".count))
            }
        }
        guard let found, found.hasPrefix("/"), !LogDestination.isSocket(found) else { return nil }
        return found
    }

    var section: CollectedSection {
        let folder = "/proc/\(identifier)"
        let wanted = ["State:", "Uid:", "VmHWM:", "VmRSS:", "Threads:", "CapEff:", "NSpid:"]
        let limits = ["Max open files", "Max locked memory", "Max processes", "Max address space"]
        let files = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count
        return CollectedSection(
            "service \(identifier)",
            ["arguments: \(shown.joined(separator: " "))"]
                + CollectedMachine.lines(of: "\(folder)/status").filter {
                    wanted.contains(where: $0.hasPrefix)
                }
                + CollectedMachine.lines(of: "\(folder)/limits").filter {
                    limits.contains(where: $0.hasPrefix)
                }
                + ["open descriptors: \(files.map(String.init) ?? "not told to this user")"]
                + threads)
    }

    /// Threads by name, state and the place where they wait in the kernel.
    private var threads: [String] {
        let folder = "/proc/\(identifier)/task"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var counts: [String: Int] = [:]
        for name in names.prefix(2048) {
            guard let stat = KernelFile.text("\(folder)/\(name)/stat"),
                let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")")
            else { continue }
            let state = stat[close...].dropFirst().split(separator: " ").first ?? "?"
            let place = KernelFile.text("\(folder)/\(name)/wchan") ?? ""
            let isRunning = place.isEmpty || place == "0"
            counts[
                "\(stat[open...close]) \(state)\(isRunning ? "" : " in \(place)")", default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { "threads: \($0.value) × \($0.key)" }
    }

    /// Without what an administrator may want to keep: the texts that are looked for, and tokens.
    private var shown: [String] { arguments.map(Self.withoutSecrets) }

    static func withoutSecrets(_ argument: String) -> String {
        var parts: [Substring] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            parts.append(contentsOf: hidden(part))
        }
        return parts.joined(separator: ",")
    }

    /// `key=value` whose value is nobody's business, also behind the colons of `-o filter=`.
    private static func hidden(_ part: Substring) -> [Substring] {
        for key in ["signature=", "token=", "password="] {
            guard let place = part.range(of: key) else { continue }
            return [part[..<place.upperBound] + "…"]
        }
        return [part]
    }
}
