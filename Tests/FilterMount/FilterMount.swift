import BypassIOMount
import HostFileSystem
import IOStack
import SystemPackage
import TestFilters

/// Mounts a directory with a filter of the tests, until it is unmounted.
@main
struct FilterMount {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 4, let filter = filter(of: words[1]) else {
            return print("usage: FilterMount mixer|sealer DIRECTORY MOUNTPOINT")
        }
        let io = IOManager()
        let volume = try HostVolume.mount(directory: FilePath(words[2]), on: io)
        try io.filterManager.attach(io.filterManager.register(filter), to: volume)
        let mounted = try MountedVolume.mount(volume, at: FilePath(words[3]))
        mounted.waitUntilUnmounted()
    }

    private static func filter(of word: String) -> (any Filter)? {
        switch word {
        case "mixer": Mixer(block: 512)
        case "sealer": Sealer()
        default: nil
        }
    }
}
