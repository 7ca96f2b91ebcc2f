import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// The three steps of the tutorial of FilterKit, as programs see them.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filters are ours"))
    struct FilterTutorial {
        private static func mounted(
            _ step: String, _ files: [String: Data] = [:]
        ) throws -> FilteredMount {
            try FilteredMount(step, by: BuiltPrograms.filterTutorial, files)
        }

        @Test("step 1 tells of each read")
        func seeReads() throws {
            let mount = try Self.mounted("see", ["notes.txt": Data(repeating: 7, count: 10_000)])
            let read = try mount.shell("cat notes.txt | wc -c; dd if=notes.txt iflag=direct bs=4k")
            #expect(read.code == 0 && read.lines.first == "10000", "\(read)")
            let isTold = LiveMount.eventually {
                mount.said.contains { $0.hasSuffix("read 4096 bytes at 4096 of notes.txt") }
            }
            #expect(isTold, "\(mount.said)")
            #expect(mount.said.allSatisfy { $0.hasPrefix("process ") })
        }

        @Test("step 2 refuses bypass for some files by name, and sees their reads alone")
        func vetoSome() throws {
            let data = Data(repeating: 7, count: 8192)
            let mount = try Self.mounted("veto", ["a.secret": data, "other": data])
            let state = try mount.state("a.secret")
            #expect(state.code == 1 && state.output.contains("vetosome"), "\(state)")
            #expect(state.output.contains("Every read of a secret is told of."), "\(state)")
            for (name, expected) in [
                ("other", NTStatus.success), ("a.secret", .notSupportedWithAuditing),
            ] {
                let file = try KernelReader("\(mount.place)/\(name)", .directReader)
                let client = BypassIOClient(FileDescriptor(rawValue: file.descriptor))
                #expect(try client.manage(.enable).results?.status == expected)
                #expect(try file.value() == 7)
            }
            #expect(LiveMount.eventually { mount.said.contains("a read of a.secret") })
            #expect(!mount.said.contains { $0.contains("other") })
        }

        @Test("step 3 stores another form, which programs do not notice")
        func changeData() throws {
            let mount = try Self.mounted("change")
            let plain = try mount.folder.makeFolder("plain")
            for place in [mount.place, plain] {
                let worked = try Program.shell(Self.work, in: place).run(within: 60)
                #expect(worked.code == 0 && worked.errors == "", "\(worked)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: plain)
            #expect(names.count == 8)
            for round in 1...2 {
                for name in names {
                    let expected = try Data(contentsOf: URL(fileURLWithPath: "\(plain)/\(name)"))
                    let found = try Data(contentsOf: URL(fileURLWithPath: "\(mount.place)/\(name)"))
                    #expect(found == expected, "\(name), round \(round)")
                    let stored = try Data(
                        contentsOf: URL(fileURLWithPath: "\(mount.source)/\(name)"))
                    #expect(stored.count == expected.count)
                    #expect(stored != expected || !expected.contains { $0 != 0 }, "\(name)")
                }
                try mount.mountAgain()
            }
            // Holes stay holes.
            let use = try mount.shell("du -k punched sparse | cut -f1")
            #expect(use.lines.compactMap { Int($0) }.reduce(0, +) < 64, "\(use)")
        }

        /// Changes of every kind, with the same end on every file system.
        private static let work = """
            seq 1 20000 > numbers
            cp numbers copy
            dd if=numbers of=parts bs=777 count=9 seek=3 conv=notrunc 2>/dev/null
            dd if=numbers of=parts bs=4096 count=4 seek=2 oflag=direct conv=notrunc 2>/dev/null
            truncate -s 5001 copy; truncate -s 20000 copy; echo end >> copy
            cp numbers punched; truncate -s 1M punched
            fallocate -p -o 1000 -l 1000000 punched; fallocate -z -o 100 -l 50 numbers
            fallocate -l 300000 reserved; echo begin | dd of=reserved conv=notrunc 2>/dev/null
            truncate -s 10M sparse; echo middle | dd of=sparse bs=1 seek=5000000 conv=notrunc 2>/dev/null
            for i in 1 2 3; do (for j in 1 2 3 4 5 6 7 8; do echo line >> lines; done) & done; wait
            cp --sparse=always sparse again
            """

        @Test("step 3 lets nothing past the filter, neither by request nor by the kernel")
        func noBypass() throws {
            let mount = try Self.mounted("change")
            #expect(try mount.shell("seq 1 100000 > numbers").code == 0)
            let state = try mount.state("numbers")
            #expect(state.code == 1 && state.output.contains("changedata"), "\(state)")
            let file = try RawFile("\(mount.place)/numbers")
            let client = BypassIOClient(FileDescriptor(rawValue: file.descriptor))
            #expect(
                try client.manage(.query).results?.status == .notSupportedWithEncryption)
            #expect(try mount.shell("cat numbers | tail -1").output == "100000\n")
            #expect(try mount.shell("fallocate -c -o 0 -l 4096 numbers").code != 0)
        }

        @Test("step 3: mapped stores are stored in the other form")
        func mapped() throws {
            let mount = try Self.mounted("change")
            #expect(try mount.shell("truncate -s 10000 file").code == 0)
            do {
                let file = try RawFile("\(mount.place)/file", RawFile.readWrite)
                let memory = try MappedMemory(file.descriptor, length: 10_000, writable: true)
                for index in stride(from: 0, to: 10_000, by: 3) {
                    unsafe memory.address.storeBytes(
                        of: UInt8(truncatingIfNeeded: index), toByteOffset: index, as: UInt8.self)
                }
                #expect(unsafe call_msync(memory.address, 10_000, 4) == 0)
            }
            try mount.mountAgain()
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(mount.place)/file"))
            #expect(bytes.count == 10_000)
            for index in 0..<10_000 {
                #expect(bytes[index] == (index % 3 == 0 ? UInt8(truncatingIfNeeded: index) : 0))
            }
        }

        @Test("step 3: random operations find no difference to a plain file")
        func exerciser() throws {
            let outcome = try Self.mounted("change").exercise()
            #expect(outcome.code == 0, "\(outcome)")
        }
    }
}
