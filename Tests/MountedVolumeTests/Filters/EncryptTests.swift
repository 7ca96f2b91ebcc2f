import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The filter `encrypt` on a real mount, and beside Debian's gocryptfs.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct Encryption {
        /// Files of many sizes, a hole, a cut file, and one that was written in parts.
        private static let make = """
            set -e
            printf '' > empty; printf x > one; seq 1 100 > small; seq 1 200000 > large
            head -c 4096 large > block; head -c 4097 large > more; head -c 8192 large > two
            truncate -s 1M hole; printf end >> hole
            cp large cut; truncate -s 5000 cut; cp large longer; truncate -s 1500001 longer
            printf middle | dd of=longer bs=1 seek=700000 conv=notrunc 2>/dev/null
            seq 1 9 > appended; for n in $(seq 1 300); do echo $n >> appended; done
            mkdir -p d/e; cp small d/e/deep; ln -s deep d/e/link; ln small d/hard
            cp large punched; fallocate -p -o 4096 -l 100000 punched || true
            fallocate -z -o 300000 -l 5000 punched || true
            fallocate -l 20000 reserved; truncate -s 100 short
            """
        private static let sums = "find . -type f ! -name gocryptfs.conf | sort | xargs sha256sum"
        private static let sizes = "find . -type f ! -name gocryptfs.conf -printf '%p %s\\n' | sort"

        @Test(
            "what we write gocryptfs reads, and the other way round",
            .enabled(if: EncryptedFolder.peer != nil, "gocryptfs is not installed"),
            arguments: [true, false])
        func bothWays(isKeyTheirs: Bool) throws {
            let folder = try EncryptedFolder(madeByPeer: isKeyTheirs)
            for isWriterTheirs in [false, true] {
                try isWriterTheirs ? folder.mountByPeer() : folder.mount()
                let made = try folder.shell("rm -rf ./[!g]*; " + Self.make)
                #expect(made.code == 0, "\(made)")
                let sums = try folder.shell(Self.sums)
                let sizes = try folder.shell(Self.sizes)
                #expect(sums.lines.count == 16 && sums.errors == "", "\(sums)")
                try isWriterTheirs ? folder.mount() : folder.mountByPeer()
                let others = try folder.shell(Self.sums)
                #expect(others.output == sums.output && others.errors == "", "\(others)")
                #expect(try folder.shell(Self.sizes).output == sizes.output)
                // Each goes on with the other's files.
                let changed = try folder.shell(
                    "printf abc >> cut; printf xyz | dd of=hole bs=1 seek=5000 conv=notrunc; "
                        + "truncate -s 70001 short; truncate -s 10 large")
                #expect(changed.code == 0, "\(changed)")
                let after = try folder.shell(Self.sums)
                try isWriterTheirs ? folder.mountByPeer() : folder.mount()
                #expect(try folder.shell(Self.sums).output == after.output)
            }
        }

        @Test("random operations find no difference to a plain file")
        func exerciser() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            let seed = UInt64.random(in: 1...UInt64(UInt32.max))
            let words = [
                "--directory", "\(folder.place)/exercise", "--seed", "\(seed)", "--operations",
                "1500", "--processes", "2",
            ]
            let outcome = try Program(try #require(BuiltPrograms.exerciser), words).run(within: 180)
            #expect(outcome.code == 0, "\(outcome)")
        }

        @Test("no byte of a program's lies in SOURCE, neither data nor the passphrase")
        func nothingPlain() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            let made = try folder.shell("yes plaintext | head -c 100000 > file; sync file")
            #expect(made.code == 0, "\(made)")
            let found = try folder.below("grep -rac 'plaintext\\|a passphrase' .")
            #expect(found.lines.allSatisfy { $0.hasSuffix(":0") }, "\(found)")
        }

        @Test("a damaged block is EIO for read, mmap and copies, and nothing of it is shown")
        func damaged() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            _ = try folder.shell("yes | head -c 100000 > file; sync file")
            folder.unmount()
            _ = try folder.below("printf x | dd of=file bs=1 seek=9000 conv=notrunc")
            try folder.mount()
            let read = try folder.shell("cat file | wc -c; stat -c %s file; cp file copy")
            #expect(read.errors.contains("Input/output error"), "\(read)")
            #expect(read.lines == ["8192", "100000"], "\(read)")
            let mapped = try folder.shell(
                "python3 -c 'import mmap, os; m = mmap.mmap(os.open(\"file\", 0), 0, "
                    + "prot=mmap.PROT_READ); print(m[0:4]); print(m[9000])'")
            #expect(mapped.code == 128 + SIGBUS && !mapped.output.contains("121"), "\(mapped)")
        }

        @Test("encrypted files veto bypass and the kernel's reads, plain files have both")
        func bypass() throws {
            let folder = try EncryptedFolder()
            _ = try folder.below("seq 1 100000 > plain")
            try folder.mount(options: "allow_other,bypass=auto")
            _ = try folder.shell("seq 1 100000 > secret; sync secret; cmp plain secret")
            let states = try ["plain", "secret"].map {
                try EncryptedFolder.bypassio("state", "\(folder.place)/\($0)")
            }
            #expect(states[1].code == 1, "\(states[1])")
            #expect(states[1].output.contains("encrypt"), "\(states[1])")
            #expect(!states[0].output.contains("encrypt"), "\(states[0])")
            let read = try folder.shell("cat plain | cmp - secret && echo same")
            #expect(read.output == "same\n", "\(read)")
        }

        @Test("the file with the key can be read through the mount, and nothing else")
        func keptFile() throws {
            let folder = try EncryptedFolder()
            let before = try folder.below("cat gocryptfs.conf; stat -c %a gocryptfs.conf").output
            try folder.mount()
            let read = try folder.shell("cat gocryptfs.conf; stat -c %a gocryptfs.conf")
            #expect(read.output == before, "\(read)")
            for words in [
                "rm -f gocryptfs.conf", "mv gocryptfs.conf x", "echo y > x; mv -f x gocryptfs.conf",
                "echo x > gocryptfs.conf", "echo x >> gocryptfs.conf",
                "truncate -s 0 gocryptfs.conf",
                "ln gocryptfs.conf other", "chmod 777 gocryptfs.conf",
            ] {
                let tried = try folder.shell(words)
                #expect(tried.errors.contains("Operation not permitted"), "\(words): \(tried)")
            }
            let after = try folder.below("cat gocryptfs.conf; stat -c %a gocryptfs.conf").output
            #expect(after == before)
            // Elsewhere the name means nothing.
            let other = try folder.shell("mkdir d; echo x > d/gocryptfs.conf; rm d/gocryptfs.conf")
            #expect(other.code == 0, "\(other)")
        }

        @Test("a service that is killed while it writes leaves whole blocks")
        func killed() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            let writer = try RunningProgram(
                Program.shell(
                    "while :; do seq 1 30000 > file; cat file >> log; done", in: folder.place))
            let log = "\(folder.place)/log"
            #expect(
                LiveMount.eventually {
                    var status = stat()
                    return unsafe stat(log, &status) == 0 && status.st_size > 1_000_000
                })
            folder.kill()
            writer.signal(SIGKILL)
            _ = writer.wait(within: 20)
            try folder.mount()
            let read = try folder.shell("cat file log | wc -c")
            #expect(read.code == 0 && read.errors == "", "\(read)")
        }

        @Test("a restart of the service goes on with open files")
        func restart() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            _ = try folder.shell("echo first > file; : > new")
            let files = try ["file", "new"].map {
                try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder.place)/\($0)"))
            }
            for file in files {
                try file.seekToEnd()
                try file.write(contentsOf: Data("before\n".utf8))
            }
            let restarted = try EncryptedFolder.bypassio("restart", folder.place)
            #expect(restarted.code == 0, "\(restarted)")
            for file in files { try file.write(contentsOf: Data("after\n".utf8)) }
            let read = try folder.shell("cat file new")
            #expect(read.output == "first\nbefore\nafter\nbefore\nafter\n", "\(read)")
            for file in files { try file.close() }
        }

        @Test("the process that has the key leaves no core file, and its messages no passphrase")
        func dumps() throws {
            let folder = try EncryptedFolder()
            try folder.mount()
            let proc = "/proc/\(folder.serviceIdentifier)"
            let limits = try String(contentsOfFile: "\(proc)/limits", encoding: .utf8)
            let core = try #require(
                limits.split(separator: "\n").first { $0.contains("core file") })
            #expect(core.split(separator: " ").filter { $0 == "1" }.count == 2, "\(core)")
            let filter = try String(contentsOfFile: "\(proc)/coredump_filter", encoding: .utf8)
            #expect(filter == "00000000\n")
            let listed = try EncryptedFolder.bypassio("instances", "--json", folder.place)
            #expect(listed.code == 0 && listed.output.contains("encrypt"), "\(listed)")
            #expect(!listed.output.contains("a passphrase"))
        }
    }
}
