import BypassIOClient
import BypassIOProtocol
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// What a filter from before BypassIO does to a volume, and who tells its owner.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the commands ask our service"))
    struct LegacyFilters {
        private static func bypassio(_ words: String...) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), words).run(within: 60)
        }

        @Test("every command that may be asked names it, and what to do")
        func told() throws {
            let mount = try LiveMount { source in
                try Data(repeating: 7, count: 65536)
                    .write(to: URL(fileURLWithPath: "\(source)/file"))
            }
            let (place, path) = (mount.mountpoint, "\(mount.mountpoint)/file")
            let reader = try KernelReader(path, .directReader)
            let client = BypassIOClient(FileDescriptor(rawValue: reader.descriptor))
            #expect(try client.manage(.enable).results?.status == .success)

            let attach = try Self.bypassio("attach", "legacy", place)
            #expect(attach.code == 0, "\(attach)")
            #expect(
                attach.output.contains("legacy does not know BypassIO")
                    && attach.output.contains("neither the 1 files that have bypass nor others")
                    && attach.output.contains("FILTER_ATTACH_BLOCKED"), "\(attach)")
            #expect(try reader.value() == 7)

            let state = try Self.bypassio("state", path)
            #expect(state.code == 1 && state.output.contains("legacy"), "\(state)")
            let all = try Self.bypassio("state")
            #expect(
                all.lines.contains { $0.contains(place) && $0.contains("legacy") }, "\(all)")
            let why = try Self.bypassio("why", path)
            #expect(why.code == 1)
            #expect(
                why.output.contains(
                    "The filter legacy at altitude 65000 refuses "
                        + "(STATUS_BYPASSIO_FLT_NOT_SUPPORTED)"), "\(why)")
            #expect(why.output.contains("bypassio detach legacy \(place)"), "\(why)")
            let filters = try Self.bypassio("filters", place)
            #expect(
                filters.lines.contains { $0.hasPrefix("legacy ") && $0.contains("blocks it") },
                "\(filters)")
            #expect(try Self.bypassio("fsctl", path, "enable").code == 1)

            let events = try Self.bypassio("events", place, "--json").output
                .split(separator: "\n").map {
                    try JSONDecoder().decode(ServiceEvent.self, from: Data($0.utf8))
                }
            let attached = try #require(events.last { $0.kind == .attached })
            #expect(attached.driver == "legacy" && attached.text.contains("blocks BypassIO"))
            let vetoed = try #require(events.last { $0.kind == .vetoed })
            #expect(vetoed.driver == "legacy" && vetoed.path == "file")
            #expect(vetoed.statusName == "STATUS_BYPASSIO_FLT_NOT_SUPPORTED")

            #expect(try Self.bypassio("detach", "legacy", place).code == 0)
            #expect(try reader.value() == 7)
            #expect(try client.manage(.query).results?.status == .success)
            #expect(try Self.bypassio("state", path).code != 1)
        }
    }
}
