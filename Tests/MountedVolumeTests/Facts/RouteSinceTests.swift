import BypassIOClient
import BypassIOProtocol
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// Since when a handle has its route, and the host's facts as fields, as `state` tells them.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands are ours"))
    struct RouteSince {
        private struct State: Decodable {
            let handles: [StreamReport.Handle]
            let hostFacts: [HostFact]
        }

        private func mounted(_ options: String) throws -> LiveMount {
            let mount = try LiveMount(options: "allow_other,auto_size=0,\(options)")
            try Data([UInt8](repeating: 7, count: 65536)).write(
                to: URL(fileURLWithPath: "\(mount.source)/file"))
            return mount
        }

        private func ask(_ arguments: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), arguments).run(within: 20)
        }

        private func state(_ path: String) throws -> State {
            try JSONDecoder().decode(
                State.self, from: Data(try ask("state", "--json", path).output.utf8))
        }

        /// The one handle of this process that was opened with O_DIRECT comes first.
        private func expect(
            _ path: String, _ route: HandleRoute, _ word: String, _ mark: inout Date,
            _ place: SourceLocation = #_sourceLocation
        ) throws {
            let handle = try #require(try state(path).handles.first, sourceLocation: place)
            #expect(handle.route == route, "\(handle)", sourceLocation: place)
            #expect(handle.changedBy == word, "\(handle)", sourceLocation: place)
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let since = try style.parse(handle.since)
            // Milliseconds are what is read of the text.
            #expect(since >= mark.addingTimeInterval(-0.01), "\(handle)", sourceLocation: place)
            let age = Date().timeIntervalSince(since)
            #expect(handle.seconds >= 0 && handle.seconds <= age + 0.01, sourceLocation: place)
            mark = Date()
        }

        @Test("each change of the route has its time and its cause")
        func service() throws {
            let mount = try mounted("bypass=request")
            let path = "\(mount.mountpoint)/file"
            var mark = Date()
            let reader = try KernelReader(path, .directReader)
            try expect(path, .traditional, "opened", &mark)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            try #require(try client.manage(.enable).results?.status.isSuccess == true)
            try expect(path, .serviceBypass, "enabled", &mark)
            let text = try ask("state", "--handles", path)
            #expect(
                text.output.contains("service bypass for ")
                    && text.output.contains(", since bypass was enabled"), "\(text)")
            do {
                let cached = try KernelReader(path)
                #expect(try cached.value() == 7)
                try expect(path, .traditional, "suspended", &mark)
                let text = try ask("state", "--handles", path)
                #expect(
                    text.output.contains(", because another handle does cached I/O"), "\(text)")
                #expect(!text.output.contains("since another"), "\(text)")
            }
            for _ in 0..<500 {
                if try state(path).handles.count <= 1 { break }
                usleep(10_000)
            }
            try expect(path, .serviceBypass, "suspensionEnded", &mark)
            try #require(try client.manage(.streamPause).operation == .streamPause)
            try expect(path, .traditional, "paused", &mark)
            _ = try client.manage(.streamResume)
            try expect(path, .serviceBypass, "resumed", &mark)
            _ = try client.manage(.disable)
            try expect(path, .traditional, "disabled", &mark)
        }

        @Test(
            "the host's facts are fields with a type and a source, through the mount and behind it")
        func fields() throws {
            let mount = try mounted("bypass=request")
            let facts = try state("\(mount.mountpoint)/file").hostFacts
            #expect(facts == (try state("\(mount.source)/file").hostFacts))
            let byName = Dictionary(facts.map { ($0.name, $0) }) { $1 }
            #expect(byName.count == facts.count && facts.allSatisfy { !$0.source.isEmpty })
            #expect(byName["file.size"]?.value == .number(65536))
            #expect(byName["file.sparse"]?.value == .flag(false))
            #expect(byName["fileSystem.type"]?.value == .text("ext4"))
            #expect(byName["fileSystem.type"]?.source == "/proc/self/mountinfo")
            let disks = facts.filter { $0.name.hasPrefix("disk.") }
            #expect(disks.contains { $0.name.hasSuffix(".logicalBlockSize") })
            #expect(disks.allSatisfy { $0.source.hasPrefix("/sys/dev/block/") })
        }
    }
}
