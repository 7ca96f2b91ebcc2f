import Foundation

/// How the tests make their mount.
///
/// BYPASSIO_TEST_MOUNT names a stand-in, which tests the tests themselves. `bind` is a bind mount
/// (the source under another name, which has to pass everything). Any other value is a command that
/// stays in the foreground and takes SOURCE and MOUNTPOINT as its last arguments, for example
/// `bindfs -f -o allow_other,default_permissions`.
enum MountCommand: Sendable {
    case bypassio
    case command([String])
    case bind

    static let chosen: MountCommand = {
        switch ProcessInfo.processInfo.environment["BYPASSIO_TEST_MOUNT"] {
        case nil, "": .bypassio
        case "bind": .bind
        case .some(let line): .command(line.split(separator: " ").map(String.init))
        }
    }()

    var isOurs: Bool {
        if case .bypassio = self { true } else { false }
    }

    /// Whether a service answers, and so can die.
    var hasService: Bool {
        if case .bind = self { false } else { true }
    }

    /// nil: the tests themselves mount.
    func program(
        source: String, mountpoint: String, options: String, filters: [String] = []
    ) throws -> Program? {
        switch self {
        case .bind: return nil
        case .command(let words):
            guard let name = words.first, let path = Program.find(name) else {
                throw TestError("BYPASSIO_TEST_MOUNT: no command \(words)")
            }
            return Program(path, words.dropFirst() + [source, mountpoint])
        case .bypassio:
            guard let path = BuiltPrograms.bypassio else {
                throw TestError("the command is not beside the tests: build the product bypassio")
            }
            let added = ProcessInfo.processInfo.environment["BYPASSIO_TEST_OPTIONS"] ?? ""
            // The options of a test come last and so win.
            let all = added.isEmpty ? options : "\(added),\(options)"
            let attached = filters.flatMap { ["--filter", $0] }
            return Program(path, ["mount", "-o", all] + attached + [source, mountpoint])
        }
    }

    /// Why the tests of a mount cannot run here; nil if they can.
    static let whyNot: String? = {
        if geteuid() != 0 { return "needs root, who mounts and acts as other users" }
        if !FileManager.default.isWritableFile(atPath: "/dev/fuse") { return "needs /dev/fuse" }
        if !TestFolder.isOnExt4 {
            return "needs ext4 at \(TestFolder.parent), or elsewhere by BYPASSIO_TEST_FOLDER"
        }
        guard chosen.isOurs else { return nil }
        guard let path = BuiltPrograms.bypassio else {
            return "the command is not beside the tests: build the product bypassio"
        }
        let help = try? Program(path, ["mount", "--help"]).run(within: 20)
        return help?.code == 0 ? nil : "this build of bypassio has no mount"
    }()
}
