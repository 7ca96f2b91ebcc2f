import ArgumentParser
import FUSE
import HostFileSystem
import LinuxKit
import SystemPackage

/// `bypassio mount`: shows a directory through the stack, as a file system that any program can
/// use.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount a directory through the stack, with filters; any program can use it.",
        discussion: """
            Serves SOURCE at MOUNTPOINT until Ctrl-C, SIGTERM or an unmount; a second signal ends \
            it even while files are open. Root may serve every user with -o allow_other; others \
            need fusermount3 (package fuse3).

            Options of -o, separated by commas: \(MountSettings.optionNames), and those of \
            mount(8) that concern mount(8) alone. docs/mounting.md explains them, the \
            configuration file, and fstab.

            Exit codes: 0 unmounted (with --background: mounted), 64 usage, 65 malformed profile, \
            66 no such source, 69 no FUSE or no fusermount3, 70 internal error, 73 the mount point \
            cannot be used, 77 not permitted.
            """)

    @Option(
        name: .customShort("o"), help: ArgumentHelp("Mount options.", valueName: "options"))
    var options: [String] = []

    @Option(
        help: ArgumentHelp(
            "A filter to attach; repeat for more. Names: \(ShippedFilter.names).",
            valueName: "NAME[=ALTITUDE][,key=value…]"),
        completion: .list(ShippedFilter.allCases.map(\.rawValue)))
    var filter: [String] = []

    @Option(help: ArgumentHelp("Settings from a file.", valueName: "file"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Append the log to a file, reopened on SIGHUP, or send it to a syslog socket.",
            discussion: "Or stderr, or journal: systemd's, otherwise /dev/log.",
            valueName: "file"),
        completion: .file())
    var log: String?

    @Flag(help: "Return when the volume can be used, and serve it in the background.")
    var background = false

    @Flag(name: .shortAndLong, help: "Each request is a line of the log, as by -o debug.")
    var debug = false

    @Argument(help: "The directory to serve.", completion: .directory)
    var source: String

    @Argument(help: "An empty directory.", completion: .directory)
    var mountPoint: String

    func run() throws {
        try reportingErrors {
            try VolumeService.run(settings())
        }
    }

    /// Reads the file first, then -o, then --filter: the last setting wins.
    private func settings() throws -> MountSettings {
        var settings = MountSettings(source: source, mountPoint: mountPoint)
        if let config { try settings.apply(file: config) }
        for text in options { try settings.apply(options: text) }
        for text in filter { settings.filters.append(try FilterSetting(text)) }
        if background { settings.isBackground = true }
        if debug { settings.isDebug = true }
        if let log { try settings.apply("log", log) }
        return settings
    }
}

/// The mount that a killed service left behind.
enum DeadMount {
    /// Unmounts it if its type shows that it is ours. Files that the kernel reads itself stay open.
    static func remove(at mountPoint: String, subtype: String) -> Bool {
        let place = ArgumentPath.mountPoint(mountPoint)
        guard let table = try? MountTable(),
            let entry = table.entries.last(where: { $0.mountPoint == place }),
            entry.fileSystemType == "fuse.\(subtype)"
        else { return false }
        return (try? Unmounting.unmount(place, force: false, lazy: true)) != nil
    }
}
