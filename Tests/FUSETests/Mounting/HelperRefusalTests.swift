import SystemPackage
import Testing

@testable import FUSE

/// Messages of fusermount3 on standard error, as kinds of error.
@Suite("Refusals of fusermount3")
struct HelperRefusalTests {
    @Test(
        "each message has its kind",
        arguments: [
            (
                "option allow_other only allowed if 'user_allow_other' is set in /etc/fuse.conf",
                MountError.Kind.allowOtherRefused
            ),
            ("fuse device not found, try 'modprobe fuse' first", .noDevice),
            ("failed to open /dev/fuse: No such file or directory", .noDevice),
            ("failed to open /dev/fuse: Permission denied", .notPermitted),
            ("user has no write access to mountpoint /mnt", .notPermitted),
            ("mount failed: Operation not permitted", .notPermitted),
            ("too many FUSE filesystems mounted; mount_max=N can be set", .other),
        ])
    func kinds(message: String, kind: MountError.Kind) {
        let error = MountHelper.refusal(
            MountCalls.HelperFailure(errno: .ioError, message: "fusermount3: \(message)\n"), "/mnt")
        #expect(error.kind == kind)
        #expect(error.mountPoint == "/mnt")
    }
}
