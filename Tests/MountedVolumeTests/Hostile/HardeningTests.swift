import Foundation
import LinuxKit
import Testing

extension MountedVolume {
    /// What the service has given up once it serves (docs/security.md).
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the service is ours"),
        .enabled(if: geteuid() == 0, "needs root"))
    struct Hardening {
        /// CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SETGID, SETUID, LINUX_IMMUTABLE,
        /// IPC_LOCK, SYS_PTRACE, SYS_ADMIN, SYS_RESOURCE, MKNOD, SETFCAP; and SYS_NICE where the
        /// limits of prompt threads cannot be raised, for want of SYS_RESOURCE.
        private static let kept: UInt64 = {
            let always = [0, 1, 2, 3, 4, 6, 7, 9, 14, 19, 21, 24, 27, 31]
            return (mayRaiseLimits ? always : always + [23]).reduce(0) { $0 | 1 << UInt64($1) }
        }()

        private static var mayRaiseLimits: Bool {
            let text = KernelFile.text("/proc/self/status") ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
            let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" }, radix: 16) }
            return (mask ?? 0) & 1 << 24 != 0
        }

        private func threads(of process: Int64) throws -> [[String: String]] {
            let names = try FileManager.default.contentsOfDirectory(
                atPath: "/proc/\(process)/task")
            return names.compactMap { name in
                guard let text = KernelFile.text("/proc/\(process)/task/\(name)/status") else {
                    return nil
                }
                return Dictionary(
                    text.split(separator: "\n").compactMap { line in
                        let parts = line.split(separator: ":", maxSplits: 1)
                        guard parts.count == 2 else { return nil }
                        return (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
                    }, uniquingKeysWith: { first, _ in first })
            }
        }

        private func mask(_ facts: [String: String], _ name: String) throws -> UInt64 {
            let text = try #require(facts[name])
            return try #require(UInt64(text, radix: 16))
        }

        @Test("no thread of it has a right that it does not use")
        func everyThread() throws {
            let mount = try LiveMount(options: "allow_other,bypass=auto,auto_size=0")
            try Data("text".utf8).write(to: URL(fileURLWithPath: "\(mount.mountpoint)/file"))
            let threads = try threads(of: mount.serviceIdentifier)
            #expect(threads.count > 1)
            for facts in threads {
                for name in ["CapEff", "CapPrm", "CapBnd"] {
                    let extra = try mask(facts, name) & ~Self.kept
                    #expect(extra == 0, "\(facts["Name"] ?? ""): \(name) \(facts[name] ?? "")")
                }
                #expect(facts["NoNewPrivs"] == "1")
                #expect(facts["Seccomp"] == "2")
            }
        }

        @Test("the guardian has no more than the service")
        func guardian() throws {
            let mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0,filter=contentscan")
            try Data("text".utf8).write(to: URL(fileURLWithPath: "\(mount.source)/file"))
            let file = try KernelReader("\(mount.mountpoint)/file")
            let route = try #require(try mount.facts("filters")["kernelRoute"] as? [String: Any])
            let process = try #require(route["guardian"] as? Int)
            let facts = try #require(try threads(of: Int64(process)).first)
            #expect(try mask(facts, "CapEff") & ~Self.kept == 0)
            #expect(facts["NoNewPrivs"] == "1" && facts["Seccomp"] == "2")
            #expect(file.descriptor >= 0)
        }

        @Test("harden=off leaves a service as it was started")
        func off() throws {
            let mount = try LiveMount(options: "allow_other,harden=off")
            for facts in try threads(of: mount.serviceIdentifier) {
                #expect(facts["Seccomp"] == "0")
            }
        }
    }
}
