import Foundation

/// What this machine allows a test to do.
enum Host {
    /// The name of a path's file system, e.g. `ext2/ext3`, `tmpfs`; nil if it is unknown.
    static func fileSystem(of path: String) -> String? {
        let outcome = try? BuiltCommand.start("/usr/bin/stat", ["-f", "-c", "%T", path])
        return outcome.flatMap { $0.code == 0 ? $0.lines.first : nil }
    }

    static let varTmpIsExt4 = fileSystem(of: "/var/tmp") == "ext2/ext3"
    static let hasTmpfs = fileSystem(of: "/dev/shm") == "tmpfs"

    /// Whether `dd` can read a file of /var/tmp with O_DIRECT.
    static let takesDirectIO: Bool = {
        guard let folder = try? Workspace(), let path = try? folder.fill("probe", count: 1 << 16)
        else { return false }
        return succeeds(
            "/usr/bin/dd", "if=\(path)", "of=/dev/null", "bs=64k", "iflag=direct", "status=none")
    }()

    /// Whether `chattr +c` works where the tests' files lie.
    static let canMarkCompressed: Bool = {
        guard let folder = try? Workspace(), (try? folder.fill("probe", count: 4096)) != nil
        else { return false }
        return succeeds("/usr/bin/chattr", "+c", folder.path("probe"))
    }()

    static let canSwap: Bool = {
        guard BuiltCommand.isRoot, let folder = try? Workspace() else { return false }
        return (try? withSwapFile(in: folder) { _ in }) != nil
    }()

    /// Gives the body a file to which the kernel swaps.
    static func withSwapFile(in folder: Workspace, _ body: (String) throws -> Void) throws {
        let path = try folder.fill("swap", count: 1 << 20)
        try folder.setPermissions(0o600, of: "swap")
        guard succeeds("/usr/sbin/mkswap", path), succeeds("/usr/sbin/swapon", path) else {
            throw BuiltCommand.Failure(reason: "no swapping to \(path)")
        }
        defer { _ = succeeds("/usr/sbin/swapoff", path) }
        try body(path)
    }

    static func succeeds(_ program: String, _ arguments: String...) -> Bool {
        FileManager.default.isExecutableFile(atPath: program)
            && (try? BuiltCommand.start(program, arguments))?.code == 0
    }
}
