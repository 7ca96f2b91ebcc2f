import BypassIOClient
import BypassIOProtocol
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// What can be seen of requests that pass by: by route, at gates, and of handles that closed.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct Looking {
        private let mount: LiveMount
        private let path: String
        private let program: String

        init() throws {
            program = try #require(BuiltPrograms.bypassio)
            mount = try LiveMount(
                options: "allow_other,bypass=auto,auto_size=0", filters: ["accessheat"]
            ) { source in
                for name in ["file", "other"] {
                    try Data(repeating: 7, count: 65536)
                        .write(to: URL(fileURLWithPath: "\(source)/\(name)"))
                }
            }
            path = "\(mount.mountpoint)/file"
        }

        private func manage(_ operation: BypassIOOperation) throws {
            let file = try KernelReader(path, .directReader)
            _ = try BypassIOClient(FileDescriptor(rawValue: file.descriptor)).manage(operation)
        }

        private func activity(over seconds: String) throws -> RunningProgram {
            try RunningProgram(
                Program(
                    program,
                    ["top", mount.mountpoint, "--once", "--json", "--interval", seconds]))
        }

        @Test("top names the file and the process of handles that opened and closed between looks")
        func closed() throws {
            let top = try activity(over: "4")
            // Handles that closed before somebody looked are not remembered: read until the end.
            let reader = Program(
                "/bin/sh",
                [
                    "-c",
                    "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
                        + "dd if=\(path) of=/dev/null bs=4096 iflag=direct status=none; "
                        + "echo x >>\(mount.mountpoint)/log; "
                        + "dd if=\(mount.mountpoint)/log of=/dev/null iflag=direct status=none; "
                        + "sleep 0.2; done",
                ])
            // A writer has the file open, so that readers' handles go through the filters.
            let writer = try KernelReader(path, .directWriter)
            #expect(try reader.run(within: 60).code == 0)
            let outcome = try #require(top.wait(within: 60))
            #expect(outcome.code == 0, "\(outcome)")
            let report = try JSONDecoder().decode(
                ActivityReport.self, from: Data(outcome.output.utf8))
            let file = try #require(report.files.first { $0.name == "file" }, "\(report)")
            #expect(file.readsPerSecond > 0 && file.bytesPerSecond > 0)
            let sum = report.processes.reduce(0) { $0 + $1.readsPerSecond }
            let total = report.routes.values.reduce(0) { $0 + ($1.readsPerSecond ?? 0) }
            #expect(abs(sum - total) < 0.01 * total + 0.01, "\(sum) of \(total): \(report)")
            #expect(try writer.value(page: 0) == 7)
        }

        @Test("a read that the kernel holds at a gate is traced with the filters that answered")
        func gated() throws {
            let file = try KernelReader(path)
            try manage(.streamPause)
            let trace = try RunningProgram(
                Program(program, ["trace", mount.mountpoint, "--json", "--path", "file"]))
            while trace.errorsSoFar.isEmpty, trace.outputSoFar.isEmpty {
                try #require(trace.isRunning)
                usleep(5000)
            }
            #expect(try file.value(page: 3) == 7)
            usleep(300_000)
            trace.signal(SIGINT)
            let outcome = try #require(trace.wait(within: 60))
            let records = try outcome.lines.map {
                try JSONDecoder().decode(TraceRecord.self, from: Data($0.utf8))
            }
            let held = records.filter { $0.operation == "KERNEL_READ" }
            let read = try #require(held.first { $0.offset ?? .max <= 3 * 4096 }, "\(records)")
            #expect(read.path == "file" && read.route == .gated && read.process == getpid())
            #expect(read.errno == nil && read.bytes == nil)
            #expect(read.layers.map(\.name).contains("accessheat"), "\(read)")
        }
    }
}
