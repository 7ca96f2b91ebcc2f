import BypassIOMount
import ControlInterface
import FUSE
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import SystemPackage

/// All settings of a mount, from the command line, a file, or fstab.
struct MountSettings {
    var source: String
    var mountPoint: String
    var filters: [FilterSetting] = []
    var volume = VolumeMountOptions()
    var suspensionPolicy = SuspensionPolicy.strict
    var bypass = BypassOffer.request
    /// nil: as many as this process may have.
    var maximumDescriptors: UInt64?
    var isBackground = false
    /// The destination of the log (``LogDestination/init(named:)``); nil: standard error, or in the
    /// background the machine's journal.
    var log: String?
    /// Logs a line for each request.
    var isDebug = false
    var control = ControlChoice.usual
    var crash = CrashPolicy()
    /// Gives up rights that the service does not use (``ServiceHardening``).
    var isHardened = true
    var controlPort = ControlPortChoice()
    /// nil: every filter may attach.
    var allowedFilters: AllowedFilters?
    /// Prints only errors.
    var isSilent = false
    /// Options that were given and take effect only for root.
    private(set) var rootsOptions: [String] = []
    private var namesTrust = false
    private var namesReadAhead = false

    init(source: String, mountPoint: String) {
        self.source = ArgumentPath.absolute(source)
        self.mountPoint = ArgumentPath.absolute(mountPoint)
        volume.mount.source = self.source
    }

    /// Options without a value, and their effects.
    private static let switches: [(name: String, apply: @Sendable (inout MountSettings) -> Void)] =
        [
            ("allow_other", { $0.volume.mount.allowOther = true }),
            ("ro", { $0.volume.mount.readOnly = true }),
            ("rw", { $0.volume.mount.readOnly = false }),
            ("nosuid", { $0.volume.mount.noSUID = true }),
            ("suid", { $0.volume.mount.noSUID = false }),
            ("nodev", { $0.volume.mount.noDevices = true }),
            ("dev", { $0.volume.mount.noDevices = false }),
            ("noexec", { $0.volume.mount.noExecution = true }),
            ("exec", { $0.volume.mount.noExecution = false }),
            (
                "noatime",
                {
                    $0.volume.mount.noAccessTime = true
                    $0.volume.noAccessTime = true
                }
            ),
            ("background", { $0.isBackground = true }),
            ("foreground", { $0.isBackground = false }),
            ("debug", { $0.isDebug = true }),
            ("recover", { $0.crash.recovers = true }),
            ("norecover", { $0.crash.recovers = false }),
        ]

    /// Options with a value.
    private static let assignments: [(name: String, apply: Assignment)] = [
        ("fsname", { $0.volume.mount.source = $1 }),
        ("subtype", { $0.volume.mount.subtype = try text($1) }),
        ("entry_timeout", { try $0.setLimit(\.entryTimeout, $1) }),
        ("attr_timeout", { try $0.setLimit(\.attributesTimeout, $1) }),
        ("negative_timeout", { try $0.setLimit(\.negativeTimeout, $1) }),
        (
            "trust",
            {
                $0.volume.longestTrust = .seconds(try number($1, 0...3600))
                $0.namesTrust = true
            }
        ),
        ("threads", { $0.volume.maximumThreads = try number($1, 1...256) }),
        ("pause_timeout", { $0.volume.drainLimit = .seconds(try number($1, 1...3600)) }),
        ("max_threads", { $0.volume.threadLimit = try number($1, 1...1024) }),
        (
            "transport",
            {
                guard let transport = transports[$1] else {
                    throw ValueError(
                        expected: "name " + transports.keys.sorted().joined(separator: ", "))
                }
                $0.volume.transport = transport
            }
        ),
        (
            "awake",
            {
                guard ["auto", "off"].contains($1) else {
                    throw ValueError(expected: "name auto or off")
                }
                $0.volume.mount.keepsCPUsAwake = $1 == "auto"
            }
        ),
        ("known_files", { $0.volume.maximumKnownFiles = try number($1, 1024...1_000_000_000) }),
        ("open_directories", { $0.volume.maximumOpenDirectories = try number($1, 1...1_000_000) }),
        ("max_descriptors", { $0.maximumDescriptors = UInt64(try number($1, 256...1 << 30)) }),
        ("max_read", { $0.volume.mount.maximumRead = UInt32(try number($1, 4096...1 << 20)) }),
        (
            "read_ahead",
            {
                $0.volume.mount.readAhead = UInt32(try number($1, 0...1 << 20))
                $0.namesReadAhead = true
            }
        ),
        (
            "bypass",
            {
                guard let bypass = BypassOffer(rawValue: $1) else {
                    throw ValueError(expected: "name auto, request or off")
                }
                $0.bypass = bypass
                $0.volume.grantsKernelReads = bypass == .auto
            }
        ),
        ("auto_size", { $0.volume.smallestKernelFile = UInt64(try number($1, 0...1 << 40)) }),
        (
            "suspend",
            {
                guard let policy = SuspensionPolicy(rawValue: $1) else {
                    throw ValueError(expected: "name strict or dirty")
                }
                $0.suspensionPolicy = policy
            }
        ),
        (
            "pause",
            {
                guard let pausers = StreamPausers(rawValue: $1) else {
                    throw ValueError(expected: "name owner or anyone")
                }
                $0.volume.pausers = pausers
            }
        ),
        (
            "crash",
            {
                guard let gates = CrashPolicy.Gates(rawValue: $1) else {
                    throw ValueError(expected: "name closed or open")
                }
                $0.crash.gates = gates
            }
        ),
        (
            "harden",
            {
                guard ["on", "off"].contains($1) else {
                    throw ValueError(expected: "name on or off")
                }
                $0.isHardened = $1 == "on"
            }
        ),
        ("crash_wait", { $0.crash.bounds.afterDeath = .seconds(try number($1, 0...3600)) }),
        ("recover_wait", { $0.crash.recoveryLimit = .seconds(try number($1, 1...3600)) }),
        ("hang_wait", { $0.crash.bounds.whileSilent = .seconds(try number($1, 1...3600)) }),
        ("filter", { $0.filters.append(try FilterSetting($1.replacing(":", with: ","))) }),
        ("config", { try $0.apply(file: $1) }),
        ("log", { $0.log = $1 }),
        ("filters_allowed", { $0.allowedFilters = try AllowedFilters($1) }),
        ("control", { $0.control = ControlChoice($1) }),
        (
            "control_tcp",
            {
                guard let address = ControlPort.Address($1) else {
                    throw ValueError(
                        expected: "name a port, alone or as 127.0.0.1:PORT or [::1]:PORT; other "
                            + "machines are not served")
                }
                $0.controlPort.address = address
            }
        ),
        ("control_token_file", { $0.controlPort.tokenFile = ArgumentPath.absolute($1) }),
    ]

    private typealias Assignment = @Sendable (inout MountSettings, String) throws -> Void

    /// Options of mount(8)'s own, without meaning for a file system; default_permissions is always
    /// on.
    private static let ignored: Set<String> = [
        "default_permissions", "defaults", "auto", "noauto", "user", "nouser", "users", "group",
        "owner", "_netdev", "nofail", "async", "sync", "dirsync", "relatime", "strictatime",
        "norelatime", "nostrictatime", "atime", "diratime", "nodiratime", "lazytime", "nolazytime",
        "nonempty",
    ]

    /// Accepted without root, because a line of fstab may serve root and users; they take effect
    /// only for root.
    private static let rootsAlone: Set<String> = ["suid", "dev", "trust", "awake", "read_ahead"]

    static var optionNames: String {
        (switches.map(\.name) + assignments.map { "\($0.name)=" }).joined(separator: ", ")
    }

    /// Applies options in the form of -o: separated by commas.
    mutating func apply(options: String) throws {
        for option in options.split(separator: ",") {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try apply(String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
        }
    }

    /// Applies one option; throws a ``CommandError`` if it is unknown or has a wrong value.
    mutating func apply(_ name: String, _ value: String?) throws {
        if Self.rootsAlone.contains(name), !rootsOptions.contains(name) {
            rootsOptions.append(name)
        }
        if let found = Self.switches.first(where: { $0.name == name }) {
            guard value == nil else {
                throw CommandError(.usage, "The option \(name) takes no value: write \(name).")
            }
            return found.apply(&self)
        }
        if let found = Self.assignments.first(where: { $0.name == name }) {
            guard let value, !value.isEmpty else {
                throw CommandError(.usage, "The option \(name) needs a value: \(name)=VALUE.")
            }
            do {
                return try found.apply(&self, value)
            } catch let error as ValueError {
                throw CommandError(.usage, "\(name)=\(value): \(error.expected).")
            }
        }
        guard Self.ignored.contains(name) || name.hasPrefix("x-") || name.hasPrefix("comment")
        else {
            throw Self.unknown(name)
        }
    }

    private static func unknown(_ name: String) -> CommandError {
        let known = switches.map(\.name) + assignments.map(\.name)
        let hint =
            MistypedCommand.nearest(to: name, in: known).map { "Did you mean \($0)? " } ?? ""
        return CommandError(
            .usage, "There is no option \(name). \(hint)bypassio mount --help lists all.")
    }

    /// Throws a ``CommandError`` for options that exclude each other.
    func check() throws {
        guard crash.recovers, volume.transport.further != nil else { return }
        throw CommandError(
            .usage,
            "recover and transport=ring exclude each other: a request in the ring is lost with its "
                + "process, so no other can take over. Leave one of them out.")
    }

    // MARK: Values

    private struct ValueError: Error {
        let expected: String
    }

    /// A limit that the user sets applies as it is, unless the user sets `trust` too.
    private mutating func setLimit(
        _ limit: WritableKeyPath<VolumeMountOptions, Duration>, _ text: String
    ) throws {
        volume[keyPath: limit] = try Self.seconds(text)
        if !namesTrust { volume.longestTrust = .zero }
    }

    /// Unless the user sets a readahead, uses that of `source`, where it is more than the default.
    mutating func readAhead(asOf source: FilePath) {
        guard !namesReadAhead, let amount = SourceReadAhead.amount(of: source) else { return }
        volume.mount.readAhead = max(volume.mount.readAhead ?? 0, min(amount, 1 << 20))
    }

    private static func seconds(_ text: String) throws -> Duration {
        guard let value = Double(text), value >= 0, value <= 1_000_000_000 else {
            throw ValueError(expected: "name seconds, 0 or more")
        }
        return .seconds(value)
    }

    private static func number(_ text: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw ValueError(
                expected: "name a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func text(_ text: String) throws -> String {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != UInt8(ascii: ".") && $0 < 0x7F }) else {
            throw ValueError(expected: "name letters and digits")
        }
        return text
    }
}

/// Settings from a file: `name = value` or `name` on a line; `#` begins a comment. The names are
/// those of -o; `filter = NAME=ALTITUDE,key=value` may come several times.
extension MountSettings {
    /// In bytes. A device has no end.
    private static let largestFile = 1 << 20

    mutating func apply(file: String) throws {
        let content: [UInt8]
        do throws(Errno) {
            content = try KernelFile.bytes(of: ArgumentPath.path(file), limit: Self.largestFile + 1)
        } catch {
            throw CommandError(
                .noInput,
                "The configuration file \(file) cannot be read (\(error)): check path and rights.")
        }
        guard content.count <= Self.largestFile else {
            throw CommandError(
                .malformed, "\(file) is no configuration file: it has more than 1 MiB.")
        }
        try apply(text: String(decoding: content, as: UTF8.self), of: file)
    }

    /// - Parameter file: in messages.
    mutating func apply(text: String, of file: String) throws {
        let lines = text.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        for (index, line) in lines.enumerated() {
            let text = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            if text.isEmpty { continue }
            do {
                try apply(line: text)
            } catch let error as CommandError {
                throw CommandError(error.status, "\(file):\(index + 1): \(error.message)")
            }
        }
    }

    private mutating func apply(line: String) throws {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        if parts[0] == "config" {
            throw CommandError(.usage, "One file cannot name another: put everything into one.")
        }
        if parts[0] == "filter", parts.count == 2 {
            return filters.append(try FilterSetting(parts[1]))
        }
        try apply(parts[0], parts.count == 2 ? parts[1] : nil)
    }
}
