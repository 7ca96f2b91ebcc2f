import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Requests about files of other file systems that are mounted within the source.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "a bind mount has none of them"))
    struct InnerFileSystems {
        private func volume(_ path: String) -> call_volume {
            var volume = call_volume()
            #expect(unsafe call_statfs(path, &volume) == 0)
            return volume
        }

        @Test func spaceIsThatOfTheFilesOwnFileSystem() throws {
            let mount = try LiveMount()
            let inner = try InnerMount(
                at: "\(mount.source)/inner", ["-t", "tmpfs", "-o", "size=3m", "none"])
            let (behind, seen) = (volume(inner.path), volume("\(mount.mountpoint)/inner"))
            #expect(behind.blocks * behind.fragment_size == 3 << 20)
            #expect(seen.blocks == behind.blocks && seen.blocks_free == behind.blocks_free)
            #expect(seen.files == behind.files && seen.fragment_size == behind.fragment_size)
            let root = volume(mount.mountpoint)
            #expect(root.blocks == volume(mount.source).blocks, "the source's own is as it was")
        }

        @Test func filesThatAreMadeWhenTheyAreReadHaveTheirBytes() throws {
            let mount = try LiveMount()
            let processes = try InnerMount(at: "\(mount.source)/proc", ["-t", "proc", "none"])
            let system = try InnerMount(at: "\(mount.source)/sys", ["-t", "sysfs", "none"])
            let paths = [
                (processes, "proc/version"), (processes, "proc/cmdline"),
                (processes, "proc/sys/kernel/ostype"),
                (system, "sys/kernel/mm/transparent_hugepage/enabled"),
            ]
            for (inner, name) in paths {
                let behind =
                    "\(inner.path)/\(name.split(separator: "/").dropFirst().joined(separator: "/"))"
                guard FileManager.default.fileExists(atPath: behind) else { continue }
                let lines = try Program.shell("cat \(behind); cat \(mount.mountpoint)/\(name)")
                    .run(within: 20).lines
                #expect(lines.count >= 2 && lines.first == lines.last, "\(name): \(lines)")
            }
        }

        @Test(
            .enabled(if: ProgramBench.has("mkfs.xfs", "python3"), "needs mkfs.xfs, python3"),
            arguments: ["mkfs.xfs", "mkfs.ext4"])
        func truncatingToTheSameSizeDoesToTimesWhatItDoesBehind(_ make: String) throws {
            let mount = try LiveMount()
            let inner = try InnerMount(
                at: "\(mount.source)/inner", image: mount.folder.path("image"), megabytes: 320,
                madeBy: [make, "-q"])
            let places = [inner.path, "\(mount.mountpoint)/inner"]
            for (index, line) in [
                "truncate -s 5 $f", "python3 -c 'import os; os.truncate(\"'$f'\", 5)'",
                ": > $f", "python3 -c 'import os; os.truncate(\"'$f'\", 0)'",
            ].enumerated() {
                let moved = try places.map { place in
                    let path = "\(place)/f\(index)\(place.count)"
                    let text = index < 2 ? "12345" : ""
                    let outcome = try Program.shell(
                        """
                        f=\(path); printf '\(text)' > $f; touch -d 2001-01-01 $f; \(line)
                        test $(stat -c %Y $f) -gt 1000000000 && echo moved || echo left
                        """
                    ).run(within: 20)
                    return outcome.output
                }
                #expect(moved[0] == moved[1], "\(make): \(line)")
            }
        }

        @Test func generationIsPassedOn() throws {
            let mount = try LiveMount()
            let file = try RawFile("\(mount.mountpoint)/f", RawFile.readWrite | RawFile.create)
            let behind = try RawFile("\(mount.source)/f")
            // FS_IOC_GETVERSION
            let generations = [behind, file].map { file in
                var generation: UInt64 = 0
                let answer = unsafe call_ioctl(file.descriptor, 0x8008_7601, &generation)
                return answer < 0 ? UInt64(bitPattern: answer) : generation & 0xFFFF_FFFF
            }
            #expect(generations[0] == generations[1])
        }
    }
}
