import BypassIOMount
import HostFileSystem
import IOStack
import SystemPackage

/// Mounts DIRECTORY with the filter of a step of the tutorial, until it is unmounted:
///
///     swift run FilterTutorial see|veto|change DIRECTORY MOUNTPOINT
@main
struct FilterTutorial {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 3, let step = words.first, let filter = filter(of: step) else {
            return tell("usage: FilterTutorial see|veto|change DIRECTORY MOUNTPOINT")
        }
        let io = IOManager()
        let volume = try HostVolume.mount(directory: FilePath(words[2]), on: io)
        try io.filterManager.attach(io.filterManager.register(filter), to: volume)
        var options = VolumeMountOptions()
        options.grantsKernelReads = true
        let mounted = try MountedVolume.mount(volume, at: FilePath(words[3]), options: options)
        mounted.waitUntilUnmounted()
    }

    static func filter(of step: String) -> (any Filter)? {
        switch step {
        case "see": SeeReads(tell: tell)
        case "veto": VetoSome(tell: tell)
        case "change": ChangeData(key: 0x5EED)
        default: nil
        }
    }

    /// A line of output, at once.
    @Sendable static func tell(_ line: String) {
        _ = try? FileDescriptor.standardOutput.writeAll((line + "\n").utf8)
    }
}
