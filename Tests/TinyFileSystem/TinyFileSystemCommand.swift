import FUSE
import Foundation
import SystemPackage

/// Mounts the tiny file system, takes commands from standard input until its end, and unmounts.
/// Prints "mounted", or "failed" with the reason; at the end "ended".
///
/// A process of its own, because a process that serves a mount must not use it.
@main
enum TinyFileSystemCommand {
    static func main() {
        do {
            let settings = try Settings(Array(CommandLine.arguments.dropFirst()))
            try serve(settings)
        } catch {
            say("failed \(error)")
            exit(1)
        }
    }

    /// Unbuffered, because a test waits for the line.
    private static func say(_ line: String) {
        _ = try? FileDescriptor.standardOutput.writeAll((line + "\n").utf8)
    }

    private static func serve(_ settings: Settings) throws {
        let fileSystem = TinyFileSystem(
            validity: settings.validity, backing: try settings.backing.map { try Backing($0) },
            tellsOfWaits: settings.tellsOfWaits)
        let connection = Connection(fileSystem, maximumTransfer: settings.maximumTransfer)
        let mounted: MountedSession
        do throws(MountError) {
            mounted = try Mounting.mount(
                connection, at: FilePath(settings.mountPoint), options: settings.options,
                maximumThreads: settings.maximumThreads, threadLimit: settings.threadLimit,
                transport: settings.transport)
        } catch {
            say("failed \(error.kind) \(error)")
            exit(1)
        }
        say("mounted")
        let commands = Commands(
            mounted: mounted, state: fileSystem.state, backing: fileSystem.backing)
        // The answer to a command comes before the line that reports the service's end.
        let order = NSLock()
        let inputEnded = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            while let line = readLine() { order.withLock { say(commands.answer(line)) } }
            fileSystem.state.open()
            try? mounted.unmount()
            inputEnded.signal()
        }
        mounted.waitUntilUnmounted()
        order.withLock { say("ended") }
        inputEnded.wait()
    }
}
