internal import Glibc
internal import SystemPackage

/// fusermount3, which mounts for users other than root.
enum MountHelper {
    /// Where it is; nil if it is nowhere.
    static func find() -> FilePath? {
        let searched = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        let folders =
            searched.split(separator: ":").map(String.init) + ["/usr/bin", "/bin", "/usr/sbin"]
        for folder in folders {
            let program = FilePath(folder).appending("fusermount3")
            if unsafe program.withPlatformString({ unsafe access($0, X_OK) }) == 0 {
                return program
            }
        }
        return nil
    }

    static func required(for mountPoint: FilePath) throws(MountError) -> FilePath {
        guard let program = find() else {
            throw MountError(
                .helperMissing, mountPoint, nil,
                "fusermount3, which mounts for users other than root, is not installed",
                "Install it (package fuse3), or run as root.")
        }
        return program
    }

    /// The helper's message, as an error.
    static func refusal(
        _ failure: MountCalls.HelperFailure, _ mountPoint: FilePath
    ) -> MountError {
        let said = failure.message.split(separator: "\n").first.map(String.init) ?? "no reason"
        if said.contains("allow_other") {
            return MountError(
                .allowOtherRefused, mountPoint, nil,
                "only root may let other users in (\(said))",
                "Add user_allow_other to /etc/fuse.conf, or leave allow_other out.")
        }
        if said.contains("/dev/fuse") || said.contains("fuse device not found") {
            return said.contains("denied") || said.contains("not permitted")
                ? .device(.permissionDenied, mountPoint)
                : MountError(
                    .noDevice, mountPoint, nil, "fusermount3 cannot open /dev/fuse (\(said))",
                    "Load the kernel's module with modprobe fuse; in a container pass --device /dev/fuse."
                )
        }
        if said.contains("Permission denied") || said.contains("not permitted")
            || said.contains("no write access")
        {
            return MountError(
                .notPermitted, mountPoint, nil, "fusermount3 refused (\(said))",
                "Name a directory that you own and may write to.")
        }
        return MountError(
            .other, mountPoint, nil, "fusermount3 failed (\(said))",
            "Its message says why; see also fusermount3(1).")
    }
}
