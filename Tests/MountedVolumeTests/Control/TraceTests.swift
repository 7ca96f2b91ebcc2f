import BypassIOClient
import BypassIOProtocol
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// `bypassio trace` on a live mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the command asks our service"))
    struct Tracing {
        private let folder: TestFolder
        private let place: String
        private let program: String

        init() throws {
            folder = try TestFolder()
            place = try folder.makeFolder("mount")
            program = try #require(BuiltPrograms.bypassio)
            let source = try folder.makeFolder("source")
            _ = try folder.makeFolder("source/folder")
            for name in ["data", "folder/other.bin"] {
                try Data([UInt8](repeating: 65, count: 65_536)).write(
                    to: URL(fileURLWithPath: "\(source)/\(name)"))
            }
            let mount = try Program(
                program,
                [
                    "mount", "--background", "--log", folder.path("log"), "-o", "bypass=request",
                    "--filter", "noop=400000", "--filter", "accessheat", "--filter", "readaudit",
                    source, place,
                ]
            ).run(within: 20)
            #expect(mount.code == 0, "\(mount)")
        }

        private func unmount() {
            _ = try? Program(program, ["umount", "--lazy", place]).run(within: 20)
        }

        /// The output of a trace during which `body` ran; it ends by SIGINT.
        private func trace(
            _ options: [String], _ body: (RunningProgram) throws -> Void
        ) throws -> Program.Outcome {
            let running = try begun(options)
            try body(running)
            // What was answered last is told in a moment.
            usleep(300_000)
            running.signal(SIGINT)
            return try #require(running.wait(within: 60))
        }

        /// A trace that runs: it says so.
        private func begun(_ options: [String]) throws -> RunningProgram {
            let running = try RunningProgram(Program(program, ["trace", place] + options))
            while running.outputSoFar.isEmpty, running.errorsSoFar.isEmpty {
                try #require(running.isRunning)
                usleep(5000)
            }
            return running
        }

        private func records(_ outcome: Program.Outcome) throws -> [TraceRecord] {
            #expect(outcome.code == 0, "\(outcome)")
            return try outcome.lines.filter { !$0.hasPrefix(#"{"lost""#) }.map {
                try JSONDecoder().decode(TraceRecord.self, from: Data($0.utf8))
            }
        }

        private func read(_ name: String, pages: Int = 1) throws {
            let reader = try KernelReader("\(place)/\(name)", .directReader)
            for page in 0..<pages { #expect(try reader.value(page: page) == 65) }
        }

        @Test("each layer of a read has its time, within the request's; a bypassed read has none")
        func layers() throws {
            defer { unmount() }
            let records = try records(
                try trace(["--json"]) { _ in
                    let reader = try KernelReader("\(place)/data", .directReader)
                    #expect(try reader.value(page: 1) == 65)
                    let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
                    #expect(try client.manage(.enable).results?.status.isSuccess == true)
                    #expect(try reader.value(page: 2) == 65)
                })
            let reads = records.filter { $0.operation == "READ" }
            try #require(reads.count == 2, "\(records.map(\.operation))")
            #expect(reads.map(\.offset) == [4096, 8192] && reads.map(\.length) == [4096, 4096])
            #expect(reads.map(\.route) == [.traditional, .serviceBypass])
            #expect(reads.allSatisfy { $0.path == "data" && $0.process == getpid() })
            #expect(reads.allSatisfy { $0.bytes == 4096 && $0.errno == nil })
            #expect(reads[1].layers.isEmpty)
            let names = reads[0].layers.map { "\($0.kind) \($0.altitude ?? $0.name)" }
            #expect(names.prefix(2) == ["request IRP_MJ_READ", "preCallback 400000"], "\(names)")
            #expect(names.contains("preCallback 370130") && names.contains("postCallback 370130"))
            #expect(names.filter { $0.hasPrefix("storage ") }.count == 1)
            for record in records { expectNested(record) }
            let control = try #require(records.first { $0.control == "FS_BPIO_OP_ENABLE" })
            #expect(control.operation == "IOCTL" && control.route == .serviceBypass)
            #expect(control.layers.contains { $0.kind == "fileSystem" })
            let open = try #require(records.first { $0.operation == "OPEN" })
            #expect(open.route == .traditional && open.path == "data")
            #expect(open.layers.contains { $0.name == "IRP_MJ_CREATE" })
        }

        /// What lies beside each other in one layer takes no longer than that layer together.
        private func expectNested(_ record: TraceRecord) {
            var around: [(end: UInt64, left: UInt64)] = [(record.nanoseconds, record.nanoseconds)]
            for layer in record.layers {
                around.removeLast(around.count - layer.depth - 1)
                let end = layer.begin + layer.nanoseconds
                #expect(end <= around[layer.depth].end, "\(record)")
                #expect(layer.nanoseconds <= around[layer.depth].left, "\(record)")
                around[layer.depth].left -= min(layer.nanoseconds, around[layer.depth].left)
                around.append((end, layer.nanoseconds))
            }
        }

        @Test("globs and processes choose requests; who traces nothing gets nothing")
        func chosen() throws {
            defer { unmount() }
            try read("data")
            let other = try records(
                try trace(["--json", "--path", "*.bin"]) { _ in
                    try read("data")
                    try read("folder/other.bin", pages: 2)
                })
            #expect(other.allSatisfy { $0.path == "folder/other.bin" })
            #expect(other.filter { $0.operation == "READ" }.count == 2)
            #expect(other.map(\.number) == Array(1...UInt64(other.count)))
            let whole = try records(
                try trace(["--json", "--path", "\(place)/folder/**"]) { _ in
                    try read("data")
                    try read("folder/other.bin")
                })
            #expect(!whole.isEmpty && whole.allSatisfy { $0.path?.hasPrefix("folder/") == true })
            let none = try records(
                try trace(["--json", "--pid", "1"]) { _ in try read("data") })
            #expect(none.isEmpty)
            let own = try records(
                try trace(["--json", "--pid", String(getpid())]) { _ in
                    try read("data")
                    _ = try Program("/bin/cat", ["\(place)/folder/other.bin"]).run(within: 20)
                })
            #expect(!own.isEmpty && own.allSatisfy { $0.process == getpid() }, "\(own)")
        }

        @Test("a refusal is told with the layer that answered")
        func refusal() throws {
            defer { unmount() }
            let set = try Program(program, ["set", "readaudit", "every-read=yes", place])
                .run(within: 20)
            #expect(set.code == 0, "\(set)")
            let outcome = try trace([]) { _ in
                _ = try Program(program, ["fsctl", "\(place)/data", "enable"]).run(within: 20)
            }
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("IOCTL ENABLE, traditional: data"), "\(outcome)")
            #expect(
                outcome.output.contains("readaudit refuses (STATUS_NOT_SUPPORTED_WITH_AUDITING)"))
            #expect(outcome.output.contains("answered it"))
        }

        @Test("the text fits 80 columns, and says what it cannot show")
        func text() throws {
            defer { unmount() }
            let outcome = try trace([]) { _ in try read("folder/other.bin", pages: 3) }
            #expect(outcome.code == 0)
            #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome)")
            #expect(outcome.lines.first?.hasPrefix("time") == true)
            #expect(outcome.output.contains("READ 4096 at 8192, traditional"), "\(outcome)")
            #expect(outcome.output.contains("before, noop-400000 (400000)"))
            #expect(outcome.output.contains("none is missing."))
            #expect(
                outcome.output.contains(
                    "Reads by the kernel route come to the service only at gates."))
        }

        private struct Event: Decodable {
            let name: String
            let ph: String
            let pid: Int32
            let tid: Int
            let ts: Double?
            let dur: Double?
            let cat: String?
        }

        @Test("the file is an array of complete events, nested on each track; it ends by its time")
        func file() throws {
            defer { unmount() }
            let file = folder.path("trace.json")
            let running = try begun(["--output", file, "--for", "4"])
            let reader = Program(
                "/bin/dd", ["if=\(place)/data", "of=/dev/null", "bs=4096", "iflag=direct"])
            let readers = try (0..<3).map { _ in try RunningProgram(reader) }
            for reader in readers { #expect(reader.wait(within: 60)?.code == 0) }
            let outcome = try #require(running.wait(within: 60))
            #expect(outcome.code == 0 && outcome.output.contains("opens in Perfetto"), "\(outcome)")
            let events = try JSONDecoder().decode(
                [Event].self, from: Data(contentsOf: URL(fileURLWithPath: file)))
            let slices = events.filter { $0.ph == "X" }
            #expect(slices.filter { $0.name == "READ" }.count >= 48)
            #expect(events.allSatisfy { ["X", "M"].contains($0.ph) })
            for track in Set(slices.map { "\($0.pid) \($0.tid)" }) {
                let own = slices.filter { "\($0.pid) \($0.tid)" == track }
                expectNested(own.map { ($0.ts ?? -1, ($0.ts ?? -1) + ($0.dur ?? -1)) })
            }
            let named = Set(
                events.filter { $0.name == "thread_name" }.map { "\($0.pid) \($0.tid)" })
            #expect(Set(slices.map { "\($0.pid) \($0.tid)" }) == named)
        }

        /// Two slices of a track lie apart, or one within the other. Microseconds.
        private func expectNested(_ slices: [(begin: Double, end: Double)]) {
            var around: [Double] = []
            for slice in slices.sorted(by: { ($0.begin, -$0.end) < ($1.begin, -$1.end) }) {
                #expect(slice.begin >= 0 && slice.end >= slice.begin)
                while let last = around.last, last <= slice.begin { around.removeLast() }
                // Rounded: a thousandth of a nanosecond.
                if let last = around.last { #expect(slice.end <= last + 1e-6) }
                around.append(slice.end)
            }
        }

        @Test("what comes faster than it is taken is counted, and the program is not held up")
        func lost() throws {
            defer { unmount() }
            let count = 8000
            let outcome = try trace(["--json", "--path", "data", "--pid", String(getpid())]) {
                running in
                let reader = try KernelReader("\(place)/data", .directReader)
                running.signal(SIGSTOP)
                for _ in 0..<count { #expect(try reader.value() == 65) }
                running.signal(SIGCONT)
                var waits = 0
                while !running.outputSoFar.contains(#"{"lost""#), waits < 500 {
                    usleep(20_000)
                    waits += 1
                }
            }
            struct Lost: Decodable { let lost: Int }
            let lost = try outcome.lines.filter { $0.hasPrefix(#"{"lost""#) }.map {
                try JSONDecoder().decode(Lost.self, from: Data($0.utf8)).lost
            }.reduce(0, +)
            let reads = try records(outcome).filter { $0.operation == "READ" }.count
            #expect(lost > 0 && reads + lost >= count, "\(reads) and \(lost)")
        }

        @Test("it ends with the mount; a fifth at the same time is refused")
        func ends() throws {
            let traces = try (0..<4).map { _ in try begun(["--json", "--path", "data"]) }
            try read("data")
            let fifth = try Program(program, ["trace", place]).run(within: 20)
            #expect(fifth.code == 75 && fifth.errors.contains("traced 4 times"), "\(fifth)")
            unmount()
            for trace in traces {
                let outcome = try #require(trace.wait(within: 60))
                #expect(try records(outcome).contains { $0.operation == "READ" }, "\(outcome)")
            }
            #expect(try Program(program, ["trace", place]).run(within: 20).code == 66)
        }

        @Test("the file of a trace may not lie on the mount, nor where none can be made")
        func wrongFile() throws {
            defer { unmount() }
            let own = try Program(program, ["trace", place, "--output", "\(place)/trace"])
                .run(within: 20)
            #expect(own.code == 64 && own.errors.contains("lies on the mount"), "\(own)")
            let none = try Program(
                program, ["trace", place, "--output", folder.path("none/trace")]
            ).run(within: 20)
            #expect(none.code == 73 && none.errors.contains("cannot be written"), "\(none)")
        }
    }
}
