import CPosixCalls
import Foundation
import LinuxKit
import Testing

extension MountedVolume {
    /// Where no other service comes, and where the keeper itself is gone.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the service is ours"))
    struct RecoveryEnds {
        @Test("a keeper that is killed is replaced, and then a service that is killed")
        func keeper() throws {
            let mount = try RecoveringMount()
            let reader = try KernelReader("\(mount.place)/file")
            for _ in 1...2 {
                let old = try mount.keeper()
                #expect(kill(old, SIGKILL) == 0)
                #expect(try LiveMount.eventually { try mount.keeper() != old })
                try mount.replaceService()
                #expect(try reader.value() == 7)
            }
        }

        @Test("a mount that was unmounted lazily is served on; the one in its place is left alone")
        func lazily() throws {
            let mount = try RecoveringMount()
            let reader = try KernelReader("\(mount.place)/file")
            let old = try mount.service()
            #expect(try RecoveringMount.bypassio("umount", "--lazy", mount.place).code == 0)
            let folder = try TestFolder()
            let other = try folder.makeFolder("other")
            try Data("other".utf8).write(to: URL(fileURLWithPath: "\(other)/file"))
            let made = try RecoveringMount.bypassio("mount", "--background", other, mount.place)
            #expect(made.code == 0, "\(made)")
            defer { _ = try? RecoveringMount.bypassio("umount", "--force", mount.place) }
            func source() throws -> String {
                try RecoveringMount.bypassio("volumes", "--json").output
                    .contains(other) ? "other" : "not other"
            }
            func successor() -> pid_t? {
                mount.processes(named: "bypassio").first { process in
                    process != old && RecoveringMount.command(process).contains(mount.source)
                }
            }
            #expect(kill(old, SIGKILL) == 0)
            #expect(LiveMount.eventually { successor() != nil })
            #expect(try reader.value() == 7)
            #expect(try source() == "other")
            // A signal ends the successor, not the mount in its place.
            // The first waits for the open file.
            #expect(
                LiveMount.eventually {
                    guard let process = successor() else { return true }
                    kill(process, SIGTERM)
                    return false
                })
            #expect(try String(contentsOfFile: "\(mount.place)/file", encoding: .utf8) == "other")
            #expect(try source() == "other")
        }

        @Test("without service and keeper, programs get errors")
        func both() throws {
            let mount = try RecoveringMount()
            let reader = try KernelReader("\(mount.place)/file", .directReader)
            let service = try mount.service()
            // Stopped, it starts no other keeper.
            #expect(kill(service, SIGSTOP) == 0)
            #expect(kill(try mount.keeper(), SIGKILL) == 0)
            #expect(kill(service, SIGKILL) == 0)
            let answer = OwnThread.value(within: 60) { [reader = Unchecked(reader)] in
                reader.value.readAnswer()
            }
            #expect(try #require(answer, "a read that never ends") < 0)
        }

        /// Lent to another thread.
        private struct Unchecked<Value>: @unchecked Sendable {
            let value: Value
            init(_ value: Value) { self.value = value }
        }

        @Test("where no service comes in time, programs get errors, and the mount can be made anew")
        func nobodyComes() throws {
            let built = try #require(BuiltPrograms.bypassio)
            let folder = try TestFolder()
            let (source, place) = (
                try folder.makeFolder("source"), try folder.makeFolder("place")
            )
            let program = "\(folder.path)/bypassio"
            try FileManager.default.copyItem(atPath: built, toPath: program)
            try Data(repeating: 7, count: 4096).write(to: URL(fileURLWithPath: "\(source)/file"))
            let log = folder.path("log")
            let words = [
                "mount", "--background", "--log", log, "-o", "allow_other,recover,recover_wait=2",
            ]
            let started = try Program(program, words + [source, place]).run(within: 60)
            #expect(started.code == 0, "\(started)")
            defer { _ = try? RecoveringMount.bypassio("umount", place) }
            let reader = try KernelReader("\(place)/file", .directReader)
            #expect(try reader.value() == 7)
            try FileManager.default.removeItem(atPath: program)
            try Data("#!/bin/sh\nexit 3\n".utf8).write(to: URL(fileURLWithPath: program))
            #expect(unsafe call_chmod(program, 0o755) == 0)
            let all = try FileManager.default.contentsOfDirectory(atPath: "/proc")
            let service = all.compactMap { pid_t($0) }.first { process in
                let words = KernelFile.text("/proc/\(process)/cmdline") ?? ""
                return words.hasSuffix("\0\(source)\0\(place)\0")
                    && KernelFile.text("/proc/\(process)/comm") == "bypassio\n"
            }
            #expect(kill(try #require(service), SIGKILL) == 0)
            let answer = OwnThread.value(within: 60) { [reader = Unchecked(reader)] in
                reader.value.readAnswer()
            }
            #expect(try #require(answer, "a read that never ends") < 0)
            let why =
                "nobody serves \(place) any more: the service died, and no other took over within "
                + "2 seconds; the last that tried ended with exit code 3\n"
            func logged() -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
            #expect(LiveMount.eventually { logged().hasSuffix(why) }, "\(logged())")
            // Each line begins with the time, the keeper's, too.
            let lines = logged().split(separator: "\n")
            let days = Set(lines.map { $0.prefix(10) })
            #expect(days.count <= 2 && lines.allSatisfy { $0.dropFirst(23).hasPrefix("Z ") })
            try FileManager.default.removeItem(atPath: program)
            try FileManager.default.copyItem(atPath: built, toPath: program)
            let again = try Program(program, words + [source, place]).run(within: 60)
            #expect(again.code == 0, "\(again)")
            #expect(try KernelReader("\(place)/file").value() == 7)
        }

        @Test("a signal ends the service for good, and the keeper with it")
        func cleanEnd() throws {
            let mount = try RecoveringMount()
            try mount.replaceService()
            let (service, keeper) = (try mount.service(), try mount.keeper())
            #expect(kill(service, SIGTERM) == 0)
            func isThere(_ process: pid_t) -> Bool {
                (KernelFile.text("/proc/\(process)/cmdline") ?? "").hasSuffix("\0\(mount.place)\0")
            }
            #expect(LiveMount.eventually { !isThere(service) && !isThere(keeper) })
            #expect(MountTable.fileSystem(at: mount.place) == nil)
        }

        @Test("a request that crashes each service ends the mount")
        func again() throws {
            let mount = try RecoveringMount("allow_other", ["fault,rule=lock;open;crash"])
            let place = mount.place
            let answer = OwnThread.value(within: 120) {
                unsafe call_open("\(place)/lock", 0, 0)
            }
            #expect(try #require(answer, "an open that never ends") < 0)
            let next = OwnThread.value(within: 60) { unsafe call_open("\(place)/file", 0, 0) }
            #expect(next == -Int64(ENOTCONN))
        }

        @Test("a service manager that starts the service anew learns which process serves")
        func manager() throws {
            let mount = try RecoveringMount()
            try mount.replaceService()
            let service = try mount.service()
            let folder = try TestFolder()
            let manager = try DatagramListener(at: folder.path("socket"))
            func start(_ source: String) throws -> Program.Outcome {
                try Program(
                    try #require(BuiltPrograms.bypassio),
                    ["mount", "-o", "allow_other,recover", source, mount.place],
                    environment: ["NOTIFY_SOCKET": folder.path("socket")]
                ).run(within: 60)
            }
            let other = try start(folder.path)
            #expect(other.code == 73 && other.errors.contains(mount.source), "\(other)")
            #expect(manager.receivedSoFar == "")
            let again = try start(mount.source)
            #expect(again.code == 0, "\(again)")
            let told = manager.wait(for: "MAINPID=\(service)\n")
            #expect(told?.hasPrefix("READY=1\n") == true, "\(told ?? "nothing")")
            #expect(try KernelReader("\(mount.place)/file").value() == 7)
        }
    }
}
