import ArgumentParser
import Foundation
import SystemPackage
import Terminal

/// `bypassio sample`: shows the main use on a directory of its own.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Mount a sample directory with filters, show bypass at work, and let you look.",
        discussion: """
            Writes a few files (once), mounts their directory with three filters, and lets other \
            processes read through them, past them, and, as root, by the kernel alone. Then it \
            serves the mount until Ctrl-C. Runs as root or not; without root it needs fusermount3 \
            (package fuse3).

            Exit codes: those of mount.
            """)

    @Option(
        help: ArgumentHelp(
            "Where the files are kept (default: bypassio under XDG_CACHE_HOME or ~/.cache).",
            valueName: "folder"))
    var cache: String?

    @Flag(help: "Unmount right after the report, for scripts.")
    var once = false

    func run() throws {
        try reportingErrors {
            var signals = VolumeService.signals()
            let folder = try SampleFolder(CacheFolder(cache).path)
            let place = try SampleMountPoint()
            defer { place.remove() }
            var settings = MountSettings(source: folder.path.string, mountPoint: place.path)
            try settings.apply("bypass", BypassOffer.auto.rawValue)
            settings.filters = try ["readaudit", "contentscan", "accessheat"].map {
                try FilterSetting($0)
            }
            let service = try VolumeService(settings)
            do {
                try SampleTour(service, folder).lines(isLeft: !once).map(\.onOneLine)
                    .forEach(StandardOutput.print)
            } catch {
                try service.end(&signals)
                throw error
            }
            if once { return try service.end(&signals) }
            StandardOutput.print("Press Ctrl-C to unmount.")
            try service.serve(&signals)
            StandardOutput.print("Unmounted.")
        }
    }
}
