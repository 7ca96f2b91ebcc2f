import Foundation
import Testing

extension MountedVolume {
    /// Filters that store data in another form, below programs: blocks that are smaller than a
    /// page, and files that have other sizes below.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filters are ours"))
    struct BlockFilterMounts {
        private static func mounted(_ filter: String) throws -> FilteredMount {
            try FilteredMount(filter, by: BuiltPrograms.filterMount)
        }

        @Test(
            "random operations find no difference to a plain file", arguments: ["mixer", "sealer"])
        func exerciser(filter: String) throws {
            let outcome = try Self.mounted(filter).exercise()
            #expect(outcome.code == 0, "\(outcome)")
        }

        @Test("a block that was damaged fails programs with EIO, and no byte of it is shown")
        func damaged() throws {
            let mount = try Self.mounted("sealer")
            let made = try mount.shell("yes | head -c 100000 > file; sync file")
            #expect(made.code == 0, "\(made)")
            // Within the third block below.
            let hit = try Program.shell(
                "printf x | dd of=file bs=1 seek=9000 conv=notrunc 2>/dev/null", in: mount.source
            ).run(within: 20)
            #expect(hit.code == 0)
            try mount.mountAgain()
            let read = try mount.shell("cat file | wc -c")
            #expect(read.errors.contains("Input/output error"), "\(read)")
            #expect(read.output == "8192\n", "\(read)")
            let rest = try mount.shell("tail -c +12289 file | wc -c; stat -c %s file; ls -l file")
            #expect(rest.lines.prefix(2) == ["87712", "100000"], "\(rest)")
            #expect(rest.lines.last?.contains(" 100000 ") == true, "\(rest)")
        }

        @Test("a program that is killed in the middle of writes leaves whole blocks")
        func killedWriter() throws {
            let mount = try Self.mounted("sealer")
            let writer = try RunningProgram(
                Program.shell(
                    "while :; do seq 1 30000 > file; cat file >> log; done", in: mount.place))
            #expect(LiveMount.eventually { mount.size(of: "log") > 1_000_000 })
            writer.signal(9)
            _ = writer.wait(within: 20)
            try mount.mountAgain()
            let read = try mount.shell("cat file log | wc -c")
            #expect(read.code == 0 && read.errors == "", "\(read)")
        }
    }
}
