import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Changes in the source directory itself show through the mount, at the latest after its time
    /// limits for names and attributes; where the service can watch, long before.
    @Suite struct BehindTheMount {
        /// More than the limits' default of a second.
        private static let limit: Double = 10

        private static let plain = "allow_other,default_permissions,dev,suid"
        /// With these limits only a service that watches shows a change in time.
        private static let watched = plain + ",entry_timeout=100,attr_timeout=100,trust=3600"
        private static let options = canWatch ? [plain, watched] : [plain]

        /// As root, a service can watch ext4 and xfs.
        private static var canWatch: Bool {
            var volume = call_volume()
            guard MountCommand.chosen.isOurs, geteuid() == 0,
                unsafe call_statfs(TestFolder.parent, &volume) == 0
            else { return false }
            return volume.type == 0xEF53 || volume.type == 0x5846_5342
        }

        @Test(arguments: options) func changesAreSeen(_ options: String) throws {
            let mount = try LiveMount(options: options)
            try expectSeen(mount, "echo one > file; mkdir dir; echo in > dir/f; ln -s file link")
            try expectSeen(mount, "echo longer text > file")
            try expectSeen(mount, "printf x > file")
            try expectSeen(mount, "chmod 600 file; chown 5:6 dir")
            try expectSeen(mount, "mv file other; mv dir/f file; rmdir dir")
            try expectSeen(mount, "rm other; mkdir other; echo x > other/f")
            try expectSeen(mount, "rm -r other; ln -s elsewhere other; ln -sfn new link")
            try expectSeen(mount, "ln file hard; echo new > new; mv new file")
            try expectSeen(mount, "head -c 100000 /dev/urandom > file; touch -d 2001-01-01 file")
            mount.stop()
        }

        /// A program that holds a file open keeps it, and sees its new bytes.
        @Test(arguments: options) func openFilesFollowTheirFile(_ options: String) throws {
            let mount = try LiveMount(options: options)
            let behind = "\(mount.source)/file"
            try "old text".write(toFile: behind, atomically: false, encoding: .utf8)
            let file = Int32(unsafe call_open("\(mount.mountpoint)/file", 0, 0))
            #expect(text(of: file) == "old text")
            let writer = try #require(FileHandle(forWritingAtPath: behind))
            try writer.write(contentsOf: Data("new text and more".utf8))
            expectSoon("new text and more") { text(of: file) }
            try FileManager.default.removeItem(atPath: behind)
            try "another".write(toFile: behind, atomically: false, encoding: .utf8)
            #expect(text(of: file) == "new text and more")
            let mountpoint = mount.mountpoint
            expectSoon("another") {
                String(
                    decoding: FileManager.default.contents(atPath: "\(mountpoint)/file") ?? Data(),
                    as: UTF8.self)
            }
            _ = call_close(file)
            mount.stop()
        }

        /// When a file's first name goes, a request by another name still reaches the file.
        @Test(arguments: options) func namesOfOneFileGoOneByOne(_ options: String) throws {
            let mount = try LiveMount(options: options)
            let behind = Program.shell("echo text > one; ln one two", in: mount.source)
            #expect(try behind.run(within: 20).code == 0)
            let names = Program.shell("stat -c %h one two one", in: mount.mountpoint)
            #expect(try names.run(within: 20).output == "2\n2\n2\n")
            #expect(try Program.shell("rm one", in: mount.source).run(within: 20).code == 0)
            let mountpoint = mount.mountpoint
            expectSoon("1\n") {
                let other = Program.shell("stat -c %h two", in: mountpoint)
                return (try? other.run(within: 20).output) ?? ""
            }
            mount.stop()
        }

        /// A mapping asks the kernel nothing, and the kernel asks the service nothing. With
        /// `trust=0` nothing notifies the service either.
        @Test(arguments: MountCommand.chosen.isOurs ? options + [plain + ",trust=0"] : [])
        func mappingsFollowTheirFile(_ options: String) throws {
            let mount = try LiveMount(options: options)
            try followMapping(mount)
            // A file in use would keep the service.
            mount.stop()
        }

        private func followMapping(_ mount: LiveMount) throws {
            let behind = "\(mount.source)/file"
            try "old text".write(toFile: behind, atomically: false, encoding: .utf8)
            let file = try RawFile("\(mount.mountpoint)/file")
            let mapped = try MappedMemory(file.descriptor, length: 8, writable: false)
            func text() -> String {
                unsafe String(
                    decoding: UnsafeRawBufferPointer(start: mapped.address, count: 8), as: UTF8.self
                )
            }
            #expect(text() == "old text")
            let writer = try #require(FileHandle(forWritingAtPath: behind))
            try writer.write(contentsOf: Data("new".utf8))
            expectSoon("new text", text)
            withExtendedLifetime((file, mapped)) {}
        }

        private func text(of file: Int32) -> String {
            String(decoding: OpenFile.readAll(file).0, as: UTF8.self)
        }

        /// Expects that after the change the mount's tree becomes the source's.
        private func expectSeen(
            _ mount: LiveMount, _ line: String, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            // Makes the kernel cache the tree, so that its copy becomes out of date.
            _ = TreeSnapshot(of: mount.mountpoint, withTimes: true)
            let outcome = try Program.shell(line, in: mount.source).run(within: 20)
            #expect(outcome.code == 0, "\(outcome)", sourceLocation: sourceLocation)
            let end = Date(timeIntervalSinceNow: BehindTheMount.limit)
            var difference: String?
            repeat {
                usleep(100_000)
                let trees = [mount.source, mount.mountpoint].map {
                    TreeSnapshot(of: $0, withTimes: true).lines
                }
                difference = ConformanceRun.difference(
                    trees[0], trees[1], names: ("source", "mount "))
            } while difference != nil && Date() < end
            #expect(
                difference == nil, "\(line)\n\(difference ?? "")", sourceLocation: sourceLocation)
        }

        private func expectSoon(
            _ expected: String, sourceLocation: SourceLocation = #_sourceLocation,
            _ body: () -> String
        ) {
            let end = Date(timeIntervalSinceNow: BehindTheMount.limit)
            while body() != expected, Date() < end { usleep(100_000) }
            #expect(body() == expected, sourceLocation: sourceLocation)
        }
    }
}
