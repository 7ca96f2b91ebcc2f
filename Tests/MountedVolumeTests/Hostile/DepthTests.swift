import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Sizes that a user without rights can choose.
    @Suite(.enabled(if: MountCommand.chosen.hasService, "a bind mount has no service to crash"))
    struct Depth {
        /// Ten times the depth that crashed the service when it walked over parents by recursion.
        private static let depth = 20_000

        /// A user's findings in directories that nest `depth` deep.
        private struct Findings: Sendable {
            var made: Int64 = 0
            var looked: Int64 = 0
            var created: Int64 = 0
            var removed: Int64 = 0
        }

        private static func descend(into mountpoint: String, as user: User) -> Findings {
            var findings = Findings()
            _ = call_own_working_directory()
            _ = unsafe call_chdir(mountpoint)
            _ = unsafe call_set_credentials(user.user, user.group, [], 0)
            defer {
                _ = call_restore_credentials()
                _ = unsafe call_chdir("/")
            }
            for _ in 0..<depth {
                findings.made = unsafe call_mkdir("d", 0o755)
                guard findings.made == 0 else { return findings }
                findings.made = unsafe call_chdir("d")
                guard findings.made == 0 else { return findings }
            }
            forgetDeepOnes(mountpoint)
            var status = call_status()
            findings.looked = unsafe call_status(-100, "absent", 0, &status)
            forgetDeepOnes(mountpoint)
            findings.created = unsafe call_open("file", 0o102, 0o644)
            if findings.created >= 0 { _ = call_close(Int32(findings.created)) }
            forgetDeepOnes(mountpoint)
            findings.removed = unsafe call_unlink("file")
            return findings
        }

        /// Uses more other directories than the service keeps open.
        private static func forgetDeepOnes(_ mountpoint: String) {
            var status = call_status()
            for number in 0..<20 {
                _ = unsafe call_mkdir("\(mountpoint)/wide\(number)", 0o755)
                _ = unsafe call_status(-100, "\(mountpoint)/wide\(number)/absent", 0, &status)
            }
        }

        @Test("a chain of directories that is deeper than any stack does no harm")
        func chain() throws {
            let mount = try LiveMount(options: "allow_other,open_directories=16")
            #expect(unsafe call_chmod(mount.source, 0o777) == 0)
            let mountpoint = mount.mountpoint
            let findings = OwnThread.value(within: 300) {
                Self.descend(into: mountpoint, as: .bob)
            }
            let found = try #require(findings, "the mount does not answer")
            #expect(found.made == 0)
            #expect(found.looked == -Int64(ENOENT))
            #expect(found.created >= 0)
            #expect(found.removed == 0)
            #expect(mount.serviceIsRunning, "the service died: \(mount.serviceMessages)")
            // The kernel forgets everything that it knows, with the parents.
            mount.stop()
        }
    }
}
