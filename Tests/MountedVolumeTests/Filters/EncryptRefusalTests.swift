import Foundation
import Testing

extension MountedVolume {
    /// A filter that cannot start: the mount does not, and says which filter and why.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct EncryptionRefusals {
        private static func refused(
            _ settings: String, _ folder: EncryptedFolder
        ) throws -> Program.Outcome {
            let outcome = try EncryptedFolder.bypassio(
                "mount", "--filter", "encrypt\(settings)", folder.source, folder.place)
            #expect(MountTable.fileSystem(at: folder.place) == nil)
            #expect(outcome.output == "", "\(outcome)")
            return outcome
        }

        /// PASS is the passfile, BASE the folder that it lies in.
        @Test(
            "a wrong setting",
            arguments: [
                ("", 64, "passfile=FILE"), (",passfile=PASS,extpass=echo", 64, "one source"),
                (",passfile=BASE/none", 66, "cannot be read"),
                (",passfile=BASE", 66, "cannot be read"),
                (",passfile=/dev/null", 66, "first line is empty"),
                (",passfile=/dev/zero", 66, "more than 2048 bytes"),
                (",extpass=BASE/none", 69, "cannot be started"),
                (",extpass=nowhere-to-be-found", 69, "is not installed"),
                (",extpass=false", 69, "failed, with 1"),
                (",extpass=true", 66, "first line is empty"),
                (",passfile=PASS,plain=perhaps", 64, "bypass or refuse"),
                (",passfile=PASS,conf=BASE/none", 66, "init-encrypt"),
                (",passfile=PASS,conf=PASS", 65, "no configuration"),
                (",passfile=PASS,conf=/dev/zero", 65, "more than 64 KiB"),
                (",passfile=PASS,key=x", 64, "no setting key"),
                (",extpass=echo wrong", 77, "passphrase is wrong"),
            ])
        func settings(settings: String, code: Int32, words: String) throws {
            let folder = try EncryptedFolder()
            let said = settings.replacing("PASS", with: folder.passfile)
                .replacing("BASE", with: folder.folder.path)
            let outcome = try Self.refused(said, folder)
            #expect(outcome.code == code, "\(outcome)")
            #expect(outcome.errors.contains(words), "\(outcome)")
        }

        @Test("a directory without a key")
        func noKey() throws {
            let folder = try EncryptedFolder()
            _ = try folder.below("rm -f gocryptfs.conf")
            let outcome = try Self.refused(",passfile=\(folder.passfile)", folder)
            #expect(outcome.code == 66 && outcome.errors.contains("init-encrypt"), "\(outcome)")
        }

        @Test("a key is made once, as a file that only its owner reads")
        func keyIsThere() throws {
            let folder = try EncryptedFolder()
            let made = try folder.below("stat -c %a gocryptfs.conf; cat gocryptfs.conf")
            #expect(made.lines.first == "400", "\(made)")
            let again = try EncryptedFolder.bypassio(
                "init-encrypt", "--passfile", folder.passfile, folder.source)
            #expect(again.code == 73 && again.errors.contains("there already"), "\(again)")
            let after = try folder.below("stat -c %a gocryptfs.conf; cat gocryptfs.conf")
            #expect(after.output == made.output)
            let cheap = try EncryptedFolder.bypassio(
                "init-encrypt", "--passfile", folder.passfile, "--scryptn", "9", folder.source)
            #expect(cheap.code == 64, "\(cheap)")
            let nowhere = try EncryptedFolder.bypassio(
                "init-encrypt", "--passfile", folder.passfile, folder.folder.path("none"))
            #expect(nowhere.code == 66, "\(nowhere)")
        }

        @Test("a passphrase of a program opens the directory")
        func program() throws {
            let folder = try EncryptedFolder()
            try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: folder.passfile))
            let words = [
                "mount", "--filter", "encrypt,extpass=echo a passphrase", folder.source,
                folder.place,
            ]
            let service = try RunningProgram(Program(try #require(BuiltPrograms.bypassio), words))
            defer {
                service.signal(SIGTERM)
                _ = service.wait(within: 20)
            }
            #expect(LiveMount.eventually { MountTable.fileSystem(at: folder.place) != nil })
            let made = try folder.shell("echo hidden > file; cat file")
            #expect(made.output == "hidden\n", "\(made)")
            #expect(try folder.below("grep -c hidden file").output == "0\n")
        }

        @Test("a mount that is served takes the filter no more, and is left as it was")
        func live() throws {
            let folder = try EncryptedFolder()
            let mount = try LiveMount { source in
                let copied = try Program.shell(
                    "cp '\(folder.source)/gocryptfs.conf' '\(source)'"
                ).run(within: 20)
                guard copied.code == 0 else { throw TestError("\(copied)") }
            }
            let wrong = try EncryptedFolder.bypassio(
                "attach", "encrypt,extpass=echo wrong", mount.mountpoint)
            #expect(wrong.code == 64, "\(wrong)")
            #expect(wrong.errors.contains("passphrase is wrong"), "\(wrong)")
            let refused = try EncryptedFolder.bypassio(
                "attach", "encrypt,passfile=\(folder.passfile)", mount.mountpoint)
            #expect(refused.code == 1 && refused.errors.contains("does not want"), "\(refused)")
            let made = try Program.shell("echo shown > file; cat file", in: mount.mountpoint)
                .run(within: 20)
            #expect(made.output == "shown\n", "\(made)")
        }
    }
}
