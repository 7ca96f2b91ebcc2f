import ArgumentParser
import BypassIOMount
import FUSE
import Foundation
import HostFileSystem
import LinuxKit
import SystemPackage
import Terminal

/// The program under the name `mount.bypassio` or `mount.fuse.bypassio`, which mount(8) calls for
/// `mount -t bypassio` and `mount -t fuse.bypassio`, and for lines of fstab.
///
///     mount.bypassio SOURCE MOUNTPOINT [-sfnvrw] [-N namespace] [-t type] [-o options]
struct MountHelperCall {
    /// mount(8)'s exit bits.
    private enum Bits: Int32 {
        case usage = 1
        case systemError = 2
        case mountFailed = 32
    }

    private var words: [String] = []
    private var options: [String] = []
    private var isFake = false

    /// nil unless the program was called by such a name.
    init?(program: String, arguments: [String]) throws {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        guard name == "mount.bypassio" || name == "mount.fuse.bypassio" else { return nil }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "-o":
                guard let value = rest.popFirst() else { throw Self.usage("-o needs options.") }
                options.append(value)
            case "-t", "-N":
                guard rest.popFirst() != nil else {
                    throw Self.usage("\(argument) needs a value.")
                }
            case "-f": isFake = true
            case "-r": options.append("ro")
            case "-w": options.append("rw")
            case "-s", "-n", "-v": break
            case _ where argument.hasPrefix("-"): throw Self.usage("unknown option \(argument).")
            default: words.append(argument)
            }
        }
        guard words.count == 2 else { throw Self.usage("a source and a mount point are needed.") }
    }

    /// Mounts in the background; throws mount(8)'s exit bits.
    func run() throws {
        do {
            try reportingErrors {
                var settings = MountSettings(source: words[0], mountPoint: words[1])
                let all = options.flatMap { $0.split(separator: ",").map(String.init) }
                if all.contains("remount") { return try remount(all, &settings) }
                // mount(8)'s own rule for root: it passes neither option to its helpers, only their
                // opposites.
                settings.volume.mount.noSUID = geteuid() != 0
                settings.volume.mount.noDevices = geteuid() != 0
                for text in options { try settings.apply(options: text) }
                // In the foreground it would block mount(8).
                settings.isBackground = true
                settings.isSilent = true
                if isFake { return }
                try VolumeService.run(settings)
            }
        } catch let code as ExitCode {
            throw Self.exitCode(code)
        }
    }

    /// mount(8) passes the options that the mount has together with the user's new options. The
    /// options of the file system stay as they were mounted; an unknown option is an error
    /// nevertheless.
    private func remount(_ options: [String], _ settings: inout MountSettings) throws {
        for option in options where option != "remount" && !Remounting.knows(option) {
            let name = option.prefix { $0 != "=" }
            if Self.kernelsOwn.contains(String(name)) { continue }
            try settings.apply(options: option)
        }
        if isFake { return }
        do throws(MountError) {
            let place = ArgumentPath.mountPoint(words[1])
            // Of these three, mount(8) passes the options that are off and omits those that are on.
            try Remounting.remount(place, options: ["suid", "dev", "exec"] + options)
            tellAccessTimes(options, to: place)
        } catch {
            throw CommandError(CommandStatus(error.kind), "\(error)")
        }
    }

    /// The service handles access times, because SOURCE keeps them.
    private func tellAccessTimes(_ options: [String], to place: FilePath) {
        let named = options.last { ["noatime", "atime", "relatime", "strictatime"].contains($0) }
        guard let named else { return }
        // A service that is gone, or another program's service, cannot be reached.
        guard let root = try? SystemCall.open(place, [.readOnly, .directory]) else { return }
        try? SystemCall.setExtendedAttribute(
            MountedVolume.accessTimesAttribute, of: root.descriptor,
            to: [UInt8(ascii: named == "noatime" ? "0" : "1")], .any)
    }

    /// Options that Linux shows for every FUSE mount.
    private static let kernelsOwn: Set<String> = [
        "user_id", "group_id", "rootmode", "fd", "default_permissions", "blksize", "max_read",
    ]

    private static func exitCode(_ code: ExitCode) -> ExitCode {
        // The process in the background has translated its code already.
        if Bits(rawValue: code.rawValue) != nil { return code }
        switch CommandStatus(rawValue: code.rawValue) {
        case .success: return ExitCode(0)
        case .usage, .notPermitted: return ExitCode(Bits.usage.rawValue)
        case .unavailable, .internalError: return ExitCode(Bits.systemError.rawValue)
        default: return ExitCode(Bits.mountFailed.rawValue)
        }
    }

    private static func usage(_ what: String) -> ExitCode {
        StandardOutput.complain(
            "mount.bypassio: \(what) Usage: mount.bypassio SOURCE MOUNTPOINT [-o options]")
        return ExitCode(Bits.usage.rawValue)
    }
}
