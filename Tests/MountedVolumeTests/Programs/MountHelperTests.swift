import CPosixCalls
import Foundation
import LinuxKit
import Testing

extension MountedVolume {
    /// Root runs the command under the name that mount(8) calls for lines of fstab.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "mount.bypassio is ours"))
    struct MountHelper {
        private func helper(
            _ folder: TestFolder, _ source: String, _ place: String, _ options: String...
        ) throws {
            let link = folder.path("mount.bypassio")
            if !FileManager.default.fileExists(atPath: link) {
                try FileManager.default.createSymbolicLink(
                    atPath: link, withDestinationPath: try #require(BuiltPrograms.bypassio))
            }
            let words = [source, place] + (options.isEmpty ? [] : ["-o"] + options)
            let outcome = try Program(link, words).run(within: 60)
            #expect(outcome.code == 0, "\(outcome)")
        }

        private func flags(_ place: String) throws -> [Substring] {
            let line = try #require(
                KernelFile.text("/proc/self/mountinfo")?.split(separator: "\n").last {
                    $0.split(separator: " ").dropFirst(4).first == place[...]
                })
            return line.split(separator: " ")[5].split(separator: ",")
        }

        @Test("for root devices and set-id bits count as on every other mount, unless it says not")
        func devices() throws {
            let folder = try TestFolder()
            let (source, place) = (
                try folder.makeFolder("source"), try folder.makeFolder("mount")
            )
            // The kernel's null device.
            let made = try Program("/usr/bin/mknod", ["\(source)/null", "c", "1", "3"])
                .run(within: 20)
            try #require(made.code == 0, "\(made)")
            try helper(folder, source, place)
            #expect(Set(try flags(place)).isDisjoint(with: ["nodev", "nosuid"]))
            let file = Answer(unsafe call_open("\(place)/null", 1, 0))
            #expect(!file.isError, "\(file)")
            _ = call_close(Int32(file.value))
            try helper(folder, "none", place, "remount,nodev,ro")
            #expect(Set(try flags(place)).isSuperset(of: ["nodev", "ro"]))
            #expect(unsafe call_open("\(place)/null", 0, 0) == -Int64(EACCES))
            // mount(8) omits the options that are on by default.
            try helper(folder, "none", place, "remount,ro")
            #expect(Set(try flags(place)).isDisjoint(with: ["nodev", "nosuid", "noexec"]))
            let bypassio = try #require(BuiltPrograms.bypassio)
            let ended = try Program(bypassio, ["umount", place]).run(within: 60)
            #expect(ended.code == 0, "\(ended)")
            try helper(folder, source, place, "nodev,nosuid")
            #expect(Set(try flags(place)).isSuperset(of: ["nodev", "nosuid"]))
            #expect(try Program(bypassio, ["umount", place]).run(within: 60).code == 0)
        }

        @Test("a line of fstab mounts with the others, by its place alone, and is remounted so")
        func table() throws {
            let folder = try TestFolder()
            let (names, source, first, second) = (
                try folder.makeFolder("names"), try folder.makeFolder("source"),
                try folder.makeFolder("first"), try folder.makeFolder("second")
            )
            try Data("text".utf8).write(to: URL(fileURLWithPath: "\(source)/file"))
            for name in ["mount.bypassio", "mount.fuse.bypassio"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(names)/\(name)",
                    withDestinationPath: try #require(BuiltPrograms.bypassio))
            }
            let options = "allow_other,filter=readaudit,log=\(folder.path("log"))"
            try Data(
                """
                \(source) \(first) fuse.bypassio \(options),nofail 0 0
                \(source) \(second) bypassio \(options),ro,noauto 0 0

                """.utf8
            ).write(to: URL(fileURLWithPath: folder.path("table")))
            // A mount namespace of its own: nobody else sees this table, and these names.
            let script = """
                trap 'umount -l \(first) \(second) 2>/dev/null || true' EXIT
                mount --make-rprivate /
                mount --bind \(names) "$(readlink -f /sbin)"
                mount --bind \(folder.path("table")) /etc/fstab
                mount -a
                cat \(first)/file
                ! mountpoint -q \(second)
                mount \(second)
                cat \(second)/file
                ! touch \(second)/file 2>/dev/null
                mount -o remount,ro \(first)
                ! touch \(first)/file 2>/dev/null
                mount -o remount,rw \(first)
                touch \(first)/file
                umount \(first)
                umount \(second)
                mount \(first)
                cat \(first)/file
                umount \(first)
                """
            let outcome = try Program("/usr/bin/unshare", ["-m", "/bin/sh", "-euc", script])
                .run(within: 60)
            #expect(outcome.code == 0 && outcome.output == "texttexttext", "\(outcome)")
        }
    }
}
