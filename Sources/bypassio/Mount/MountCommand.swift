import ArgumentParser
import BypassIOMount
import FUSE
import Foundation
import HostFileSystem
import IOStack
import SystemPackage

/// `bypassio mount`: a directory through the stack, as a file system.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount", abstract: "Mount a directory through the stack, with filters.")

    @Option(name: .customShort("o"), help: "Mount options, separated by commas.")
    var options: [String] = []

    @Option(help: "A filter to attach: NAME[=ALTITUDE].")
    var filter: [String] = []

    @Argument var source: String
    @Argument var mountPoint: String

    func run() throws {
        try reportingErrors {
            var signals = sigset_t()
            unsafe sigemptyset(&signals)
            for signal in [SIGINT, SIGTERM, SIGUSR2] { unsafe sigaddset(&signals, signal) }
            unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
            umask(0)
            let io = IOManager()
            let volume = try HostVolume.mount(directory: ArgumentPath.path(source), on: io)
            for name in filter {
                guard let shipped = ShippedFilter(rawValue: name) else {
                    throw CommandError(.usage, "there is no filter \(name)")
                }
                try io.filterManager.attach(
                    io.filterManager.register(shipped.registration), to: volume)
            }
            var settings = VolumeMountOptions()
            settings.mount.source = source
            settings.mount.allowOther = options.contains { $0.contains("allow_other") }
            let mounted = try MountedVolume.mount(
                volume, at: ArgumentPath.path(mountPoint), options: settings)
            Thread.detachNewThread {
                mounted.waitUntilUnmounted()
                kill(getpid(), SIGUSR2)
            }
            StandardOutput.print("\(source) is mounted at \(mountPoint)")
            var isLeaving = false
            while true {
                var signal: Int32 = 0
                unsafe sigwait(&signals, &signal)
                if signal == SIGUSR2 { break }
                if isLeaving { mounted.abort() } else { try mounted.unmount() }
                isLeaving = true
            }
            try io.dismount(volume)
        }
    }
}
