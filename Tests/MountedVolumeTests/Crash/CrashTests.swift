import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The service crashes: what clients see, and what is left.
    @Suite(.enabled(if: MountCommand.chosen.hasService, "a bind mount has no service to kill"))
    struct Crash {
        /// The errors of a file system without its service; ECANCELED goes to requests that were
        /// about to enter one of its rings (linux/fs/fuse/dev_uring.c, `fuse_uring_send_in_task`).
        private static let errors = ["ENOTCONN", "ECONNABORTED", "EIO", "ENODEV", "ECANCELED"]

        @Test func killedServiceLeavesErrorsAndEverythingAcknowledged() throws {
            let mount = try LiveMount()
            let clients = try CrashClient.Kind.allCases.map { try CrashClient($0, on: mount) }
            for client in clients { try client.waitUntilAcknowledged(40, within: 60) }
            mount.killService()
            for client in clients { expectError(client) }
            for client in clients { try expectAcknowledged(client, in: mount.source) }
            expectUnmounted(mount)
        }

        /// Expects an error within 20 seconds. A client that holds a descriptor may still read what
        /// the kernel caches or reads itself, but must not hang.
        private func expectError(_ client: CrashClient) {
            let outcome = client.wait(within: 20)
            guard let outcome else {
                let before = client.acknowledged
                usleep(500_000)
                let goesOn = client.kind == .hold && client.acknowledged > before
                #expect(goesOn, "client \(client.kind) hangs: \(client.kernelStack)")
                return client.kill()
            }
            let end = client.end ?? "no line"
            let isKnown = Crash.errors.contains { end.hasPrefix("error ") && end.hasSuffix($0) }
            #expect(isKnown, "client \(client.kind) ended with: \(end); \(outcome)")
        }

        /// Expects every acknowledged step in the file behind the mount.
        private func expectAcknowledged(_ client: CrashClient, in source: String) throws {
            let path = "\(source)/\(client.kind.rawValue)"
            let size = CrashClient.recordBytes
            switch client.kind {
            case .records, .direct:
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
                try #require(bytes.count >= client.acknowledged * size)
                for number in 0..<client.acknowledged {
                    let found = Array(bytes[number * size..<(number + 1) * size])
                    #expect(
                        found == CrashClient.record(number),
                        "client \(client.kind): record \(number) of \(client.acknowledged)")
                }
            case .map:
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
                // The page of the step under way may hold either step's bytes.
                let last = client.acknowledged - 1
                for number in max(0, last - 254)...max(0, last) {
                    let place = number % 256 * size
                    #expect(
                        Array(bytes[place..<place + size]) == CrashClient.record(number),
                        "client map: step \(number) of \(client.acknowledged)")
                }
            case .read, .hold, .names:
                break
            }
        }

        /// Expects that `bypassio umount` removes a mount without a service.
        private func expectUnmounted(_ mount: LiveMount) {
            guard MountCommand.chosen.isOurs, let bypassio = BuiltPrograms.bypassio else { return }
            let mountpoint = mount.mountpoint
            // A name that the kernel cannot know; of the root it may still know enough to answer.
            #expect(
                unsafe call_access("\(mountpoint)/unheard of", 0) == -Int64(ENOTCONN),
                "the mount point still answers")
            let outcome = try? Program(bypassio, ["umount", mountpoint]).run(within: 30)
            #expect(outcome?.code == 0, "\(outcome?.description ?? "umount hangs")")
            #expect(MountTable.fileSystem(at: mountpoint) == nil)
            #expect(
                unsafe call_rmdir(mountpoint) == 0, "the mount point is an empty directory again")
        }

        @Test func killedClientsLeaveAServiceThatWorks() throws {
            let mount = try LiveMount()
            for _ in 0..<3 {
                let clients = try CrashClient.Kind.allCases.map { try CrashClient($0, on: mount) }
                for client in clients { try client.waitUntilAcknowledged(5, within: 60) }
                for client in clients { client.kill() }
                for client in clients {
                    #expect(client.wait(within: 20) != nil, "\(client.kind) does not die")
                }
            }
            let line = "echo text > after && cat after && rm after"
            let outcome = try Program.shell(line, in: mount.mountpoint).run(within: 20)
            #expect(outcome.code == 0 && outcome.output == "text\n", "\(outcome)")
            // No file is open any more: the service ends by itself.
            mount.stop()
        }

        @Test(.enabled(if: MountCommand.chosen.isOurs, "how a service ends is its own"))
        func serviceToldToEndServesOpenFilesAndASecondSignalEndsIt() throws {
            let mount = try LiveMount()
            let (open, names) = (
                try CrashClient(.records, on: mount), try CrashClient(.names, on: mount)
            )
            for client in [open, names] { try client.waitUntilAcknowledged(10, within: 60) }
            mount.signalService(SIGTERM)
            #expect(names.wait(within: 20) != nil, "names are gone, and their client goes on")
            #expect(MountTable.fileSystem(at: mount.mountpoint) == nil)
            let before = open.acknowledged
            try open.waitUntilAcknowledged(before + 10, within: 20)
            mount.signalService(SIGTERM)
            #expect(mount.waitForService(within: 15) != nil, "runs after a second SIGTERM")
            expectError(open)
            try expectAcknowledged(open, in: mount.source)
        }
    }
}
