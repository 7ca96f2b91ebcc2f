import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Scripts that parse fsutil's output can parse `bypassio state` (spec 3.1).
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the command asks our mount"))
    struct StateLines {
        @Test("Without -v and --handles nothing but fsutil's lines, also of a file that is in use")
        func linesOfFsutil() throws {
            let mount = try LiveMount(options: "allow_other", filters: ["readaudit,every-read=yes"])
            try Data(repeating: 7, count: 65536)
                .write(to: URL(fileURLWithPath: "\(mount.source)/file"))
            let path = "\(mount.mountpoint)/file"
            let opened = unsafe call_open(path, 0, 0)
            try #require(opened >= 0)
            defer { _ = call_close(Int32(opened)) }
            let command = try #require(BuiltPrograms.bypassio)

            let plain = try Program(command, ["state", path]).run(within: 30)
            #expect(plain.code == 1)
            #expect(
                plain.lines.map { String($0.prefix { $0 != ":" }) } == [
                    "BypassIo on \"\(path)\" is not currently supported.", "Status", "Driver",
                    "Reason",
                ], "\(plain)")
            for option in ["--handles", "-v", "/v"] {
                let more = try Program(command, ["state", option, path]).run(within: 30)
                #expect(Array(more.lines.prefix(4)) == plain.lines)
                let handle = try #require(more.lines.first { $0.hasPrefix("Open by ") }, "\(more)")
                #expect(handle.hasSuffix(".") && !handle.hasSuffix(".."), "\(handle)")
            }
        }
    }
}
