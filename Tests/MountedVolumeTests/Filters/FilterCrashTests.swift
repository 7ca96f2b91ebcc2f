import CPosixCalls
import Foundation
import Synchronization
import Testing

extension MountedVolume {
    /// A filter whose code traps ends the service: its gates stay shut, and the mount ends.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the filter is ours"),
        .enabled(if: geteuid() == 0, "the kernel route needs root"))
    struct FilterCrash {
        private final class Answered: Sendable {
            private let kept = Mutex<Int64?>(nil)
            var value: Int64? { kept.withLock { $0 } }
            func set(_ answer: Int64) { kept.withLock { $0 = answer } }
        }

        @Test("programs have errors, no read passes a gate, and the place can be mounted anew")
        func crash() throws {
            let mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0",
                filters: ["contentscan", "fault,rule=*.trap;open;crash"]
            ) { source in
                for name in ["plain", "it.trap"] {
                    try Data(repeating: 7, count: 65536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
            let file = try KernelReader("\(mount.mountpoint)/plain")
            #expect(file.readAnswer() == 4096)
            // Nothing of the program hangs: it gets an error, or ends by it.
            let opener = try Program("/bin/cat", ["\(mount.mountpoint)/it.trap"]).run(within: 60)
            #expect(opener.code != 0, "\(opener)")
            let end = try #require(mount.waitForService(within: 60), "the service lives")
            #expect(end.code != 0, "\(end)")
            #expect(end.errors.contains("the rule 1 of the filter fault says crash"), "\(end)")
            // The guardian may need a moment to learn of the end.
            var answer = file.readAnswer()
            for _ in 0..<2400 where answer != -Int64(EIO) {
                usleep(25_000)
                answer = file.readAnswer()
            }
            #expect(answer == -Int64(EIO))
            #expect(file.readAnswer(page: 1) == -Int64(EIO))
            #expect(unsafe call_open("\(mount.mountpoint)/plain", 0, 0) == -Int64(ENOTCONN))
            let program = try #require(BuiltPrograms.bypassio)
            let again = try Program(
                program, ["mount", "--background", mount.source, mount.mountpoint]
            ).run(within: 60)
            #expect(again.code == 0, "\(again)")
            #expect(try KernelReader("\(mount.mountpoint)/plain").value() == 7)
            let umount = try Program(program, ["umount", "--lazy", mount.mountpoint])
                .run(within: 60)
            #expect(umount.code == 0, "\(umount)")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
        }

        @Test(
            "a service that is killed while its filter keeps a read of the kernel: the read fails")
        func killedWithRead() throws {
            let mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0", filters: ["fault"]
            ) { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/plain"))
            }
            let file = try KernelReader("\(mount.mountpoint)/plain")
            #expect(file.readAnswer() == 4096)
            let program = try #require(BuiltPrograms.bypassio)
            let rule = try Program(
                program, ["set", "fault", "rule=plain;read;hang;name=kept", mount.mountpoint]
            ).run(within: 60)
            #expect(rule.code == 0, "\(rule)")
            let answer = Answered()
            let descriptor = file.descriptor
            let reader = OwnThread {
                var bytes = [UInt8](repeating: 0, count: 4096)
                answer.set(unsafe call_pread(descriptor, &bytes, bytes.count, 4096))
            }
            var isHeld = false
            for _ in 0..<600 where !isHeld {
                usleep(50_000)
                isHeld = try Program(program, ["instances", "--json", mount.mountpoint])
                    .run(within: 60).output.contains("holds 1)")
            }
            #expect(isHeld)
            mount.signalService(SIGKILL)
            #expect(reader.join(within: 120), "the read waits for ever")
            #expect(answer.value == -Int64(EIO))
        }
    }
}
