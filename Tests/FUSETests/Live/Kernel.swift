import Foundation
import LinuxKit

@testable import FUSE
@testable import FUSERing

/// What this machine allows the live tests to do.
enum Kernel {
    static let isRoot = geteuid() == 0
    static let hasDevice = unsafe access("/dev/fuse", F_OK) == 0
    static let canMount = isRoot && hasDevice && TinyService.location != nil
    static let whyNoMount = "needs root, /dev/fuse, and TinyFileSystem beside the tests"

    /// Linux 6.18 and newer let mount(2) wait for INIT.
    static let knowsSynchronousInit = isAtLeast(6, 18)

    static func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        guard let release = KernelFile.text("/proc/sys/kernel/osrelease") else { return false }
        let numbers = release.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        guard numbers.count >= 2 else { return false }
        return (numbers[0], numbers[1]) >= (major, minor)
    }

    /// Whether root has enabled requests by io_uring.
    static let offersRing = Transport.isRingOffered
    static let whyNoRing = "takes Linux 6.14 and \(Transport.ringSwitch) at Y"

    private static func program(_ name: String) -> String? {
        ["/usr/bin/", "/bin/", "/usr/sbin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

    /// Whether /etc/fuse.conf permits users the option allow_other.
    static let usersMayAllowOthers: Bool = {
        let settings = try? String(contentsOfFile: "/etc/fuse.conf", encoding: .utf8)
        return settings?.split(separator: "\n").contains("user_allow_other") ?? false
    }()

    static let setpriv = program("setpriv")

    /// Whether root can become a user without rights that can run the service's program and
    /// fusermount3.
    static let canMountAsNobody: Bool = {
        guard canMount, setpriv != nil, let program = program("fusermount3"),
            let location = TinyService.location
        else { return false }
        var status = stat()
        guard unsafe stat(program, &status) == 0, status.st_mode & S_ISUID != 0 else {
            return false
        }
        // Without a mount point fusermount3 fails with 1; if nobody may not run it, setpriv fails
        // with 126 or 127.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: setpriv ?? "")
        process.arguments = nobody + [location]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 1
    }()
    static let whyNotAsNobody =
        "needs root, setpriv, fusermount3 with its set-user-ID bit, and a build folder that"
        + " others may enter"

    static let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"]
}
