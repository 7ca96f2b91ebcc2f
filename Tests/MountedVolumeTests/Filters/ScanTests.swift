import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The filter `scan` on a real mount, with a real clamd that has signatures of the tests.
    @Suite(
        .enabled(if: MountCommand.chosen.isOurs, "the filter is ours"),
        .enabled(if: Clamd.program != nil, "clamd is not installed (clamav-daemon)"))
    struct Scanned {
        /// Files are at rest some milliseconds after they were made.
        private static let make = """
            seq 1 50000 > clean; echo 'x \(Clamd.evil) y' > bad; ln bad other; ln -s bad link
            seq 1 9 > small; sleep 0.1
            """

        @Test(
            "clean files open and are read by the kernel, infected ones are named and do not open")
        func opens() throws {
            let folder = try ScannedFolder(Clamd())
            _ = try folder.below(Self.make)
            try folder.mount(options: "allow_other,bypass=auto")
            let read = try folder.shell(
                "cat clean | wc -l; cat bad; cat other; cat link; cp bad copy; sh ./bad; "
                    + "cat clean small | wc -l")
            #expect(read.lines == ["50000", "50009"], "\(read)")
            #expect(read.errors.components(separatedBy: "not permitted").count >= 6, "\(read)")
            // Of a file that has two names one scan.
            #expect(try folder.figure("scanned") == "3")
            let states = try ["clean", "bad"].map {
                try folder.bypassio("state", "\(folder.place)/\($0)")
            }
            #expect(states[0].code == 0, "\(states[0])")
            #expect(states[1].errors.contains("Test.Evil.UNOFFICIAL"), "\(states[1])")
            let why = try folder.bypassio("why", "\(folder.place)/bad")
            #expect(
                why.errors.contains("filter scan") && why.errors.contains("Test.Evil"), "\(why)")
            let events = try folder.bypassio("events", folder.place)
            #expect(events.output.contains("found the signature Test.Evil"), "\(events)")
            // It is no prison: the file can be written, renamed and removed.
            let freed = try folder.shell(
                "mv bad worse && rm other && echo fine > worse && cat worse")
            #expect(freed.output == "fine\n", "\(freed)")
        }

        @Test("verdicts outlive mounts; a change, behind the mount too, or forget=all ends them")
        func kept() throws {
            let folder = try ScannedFolder(Clamd())
            _ = try folder.below(Self.make)
            try folder.mount()
            _ = try folder.shell("cat clean small bad")
            #expect(try folder.figure("scanned") == "3")
            try folder.mount()
            let read = try folder.shell("cat clean small | wc -l; cat bad")
            #expect(read.output == "50009\n" && read.code != 0, "\(read)")
            #expect(try folder.figure("scanned") == "0" && folder.figure("known") == "3")
            _ = try folder.below("echo \(Clamd.evil) >> small; cp --preserve=all clean new")
            #expect(try folder.shell("cat small").code != 0)
            #expect(try folder.figure("scanned") == "1")
            try folder.clamd.add("49998", as: "Test.Number", to: "more.ndb")
            try folder.clamd.ask("RELOAD")
            #expect(
                LiveMount.eventually { (try? folder.clamd.ask("PING")) == "PONG" })
            #expect(try folder.shell("tail -n 1 clean").output == "50000\n")
            let set = try folder.bypassio("set", "scan", "forget=all", folder.place)
            #expect(set.code == 0, "\(set)")
            #expect(
                LiveMount.eventually { (try? folder.shell("cat clean").code) ?? 0 != 0 })
            folder.kill()
            try folder.mount()
            #expect(try folder.shell("cat bad").code != 0)
        }

        @Test("after the last writer the file is scanned, and the next open waits for nothing")
        func written() throws {
            let folder = try ScannedFolder(Clamd())
            try folder.mount()
            let made = try folder.shell(
                "for n in $(seq 40); do echo $n > file$n; done; echo \(Clamd.evil) > bad")
            #expect(made.code == 0, "\(made)")
            #expect(LiveMount.eventually { (try? folder.figure("scanned")) == "41" })
            let events = try folder.bypassio("events", folder.place)
            #expect(events.output.contains("signature Test.Evil"), "\(events)")
            let read = try folder.shell("cat file* | wc -l; cat bad")
            #expect(read.lines == ["40"] && read.code != 0, "\(read)")
            #expect(try folder.figure("scanned") == "41")
        }

        @Test("clamd away or stopped: fail= decides within wait=, and it recovers by itself")
        func away() throws {
            let folder = try ScannedFolder(Clamd())
            _ = try folder.below("\(Self.make); seq 1 5 > second; seq 1 6 > third; sleep 0.1")
            try folder.mount(",fail=closed,wait=1s")
            #expect(try folder.shell("cat small").code == 0)
            folder.clamd.signal(SIGSTOP)
            let held = try folder.shell("cat second; cat small")
            #expect(held.errors.contains("Permission denied"), "\(held)")
            #expect(held.lines.count == 9, "\(held)")
            folder.clamd.signal(SIGCONT)
            #expect(try folder.shell("cat second").code == 0)
            folder.clamd.stop()
            let gone = try folder.shell("cat third; cat small")
            #expect(gone.errors.contains("Permission denied") && gone.lines.count == 9, "\(gone)")
            let why = try folder.bypassio("why", "\(folder.place)/third")
            #expect(why.errors.contains("nobody answers"), "\(why)")
            try folder.clamd.start()
            #expect(LiveMount.eventually { (try? folder.shell("cat third").code) == 0 })
            let events = try folder.bypassio("events", folder.place)
            #expect(events.output.contains("can ask clamd again"), "\(events)")
        }

        @Test("quarantine takes the file out, and nothing that came into its place")
        func quarantine() throws {
            let folder = try ScannedFolder(Clamd())
            let jail = try folder.folder.makeFolder("jail")
            _ = try folder.below(Self.make)
            _ = try Program.shell("chmod 700 .", in: jail).run(within: 20)
            try folder.mount(",action=quarantine,quarantine=\(jail)")
            #expect(try folder.shell("cat bad").code != 0)
            #expect(LiveMount.eventually { (try? folder.figure("quarantined")) == "1" })
            let left = try folder.below("ls")
            #expect(left.lines == ["clean", "link", "other", "small"], "\(left)")
            #expect(try folder.shell("cat other").code != 0)
            #expect(LiveMount.eventually { (try? folder.figure("quarantined")) == "2" })
            let kept = try Program.shell("cat *-bad.json; cat *-bad; stat -c %a *-bad", in: jail)
                .run(within: 20)
            #expect(kept.output.contains("\"signature\":\"Test.Evil.UNOFFICIAL\""), "\(kept)")
            #expect(kept.lines.suffix(2) == ["x \(Clamd.evil) y", "400"], "\(kept)")
            #expect(try folder.below("ls -A").lines == ["clean", "link", "small"])
        }

        @Test("attached to a mount in use, restarted, and taken away again")
        func live() throws {
            let folder = try ScannedFolder(Clamd())
            let mount = try LiveMount { source in
                _ = try Program.shell(Self.make, in: source).run(within: 20)
            }
            func run(_ words: String) throws -> Program.Outcome {
                try Program.shell(words, in: mount.mountpoint).run(within: 60)
            }
            #expect(try run("cat bad").code == 0)
            let attached = try folder.bypassio("attach", folder.words, mount.mountpoint)
            #expect(attached.code == 0, "\(attached)")
            #expect(try run("cat bad").code != 0)
            let restarted = try folder.bypassio("restart", mount.mountpoint)
            #expect(restarted.code == 0, "\(restarted)")
            #expect(try run("cat bad").code != 0 && run("cat clean").code == 0)
            let detached = try folder.bypassio("detach", "scan", mount.mountpoint)
            #expect(detached.code == 0, "\(detached)")
            #expect(try run("cat bad").code == 0)
        }

        @Test("what a filter below shows otherwise goes as a stream")
        func aboveEncryption() throws {
            let folder = try ScannedFolder(Clamd())
            let secret = try EncryptedFolder()
            try secret.mount()
            _ = try secret.shell(Self.make)
            secret.unmount()
            let running = try RunningProgram(
                Program(
                    try #require(BuiltPrograms.bypassio),
                    [
                        "mount", "--filter", "encrypt,passfile=\(secret.passfile)", "--filter",
                        folder.words, secret.source, secret.place,
                    ]))
            defer {
                running.signal(SIGTERM)
                _ = running.wait(within: 20)
            }
            #expect(LiveMount.eventually { MountTable.fileSystem(at: secret.place) != nil })
            let read = try secret.shell("cat clean | wc -l; cat bad")
            #expect(read.lines == ["50000"] && read.code != 0, "\(read)")
        }

        @Test(
            "renames, exchanged names and SOURCE, in turns with opens: no infected byte comes out")
        func races() throws {
            let folder = try ScannedFolder(Clamd())
            _ = try folder.below(Self.make)
            try folder.mount(",fail=closed")
            let words = """
                import ctypes, os, sys, threading, time
                source, place, evil = sys.argv[1:4]
                libc, seen, end = ctypes.CDLL(None), [], time.time() + 3
                def swap(folder, seconds):
                    a, b = (folder + n for n in ("/small", "/bad"))
                    while time.time() < end:
                        libc.renameat2(-100, a.encode(), -100, b.encode(), 2)
                        time.sleep(seconds)
                def read(flags):
                    while time.time() < end:
                        for name in ("small", "bad", "link", "other"):
                            try:
                                file = os.open(place + "/" + name, flags)
                                if flags & os.O_PATH:
                                    again = os.open(f"/proc/self/fd/{file}", os.O_RDONLY)
                                    os.close(file)
                                    file = again
                                if evil.encode() in os.read(file, 4096): seen.append(name)
                                os.close(file)
                            except OSError:
                                pass
                threads = [threading.Thread(target=swap, args=(source, 0.0007)),
                           threading.Thread(target=swap, args=(place, 0.0011))]
                threads += [threading.Thread(target=read, args=(flags,))
                            for flags in (os.O_RDONLY, os.O_PATH, os.O_RDWR)]
                for one in threads: one.start()
                for one in threads: one.join()
                print(len(seen))
                """
            let outcome = try Program(
                "/usr/bin/env", ["python3", "-c", words, folder.source, folder.place, Clamd.evil]
            ).run(within: 60)
            #expect(outcome.output == "0\n", "\(outcome)")
        }
    }

    /// A scanner that cannot start: the mount does not, and says why.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the filter is ours"))
    struct ScanRefusals {
        /// BASE is a folder, SOURCE the directory that is mounted.
        @Test(
            "a wrong setting",
            arguments: [
                ("", 69, "cannot ask clamd"), (",action=perhaps", 64, "deny, quarantine, log"),
                (",action=quarantine", 64, "wants a directory"),
                (",quarantine=BASE", 64, "goes with action=quarantine"),
                (",fail=maybe", 64, "open, closed"), (",large=yes", 64, "open, closed"),
                (",wait=0", 64, "from 1 to 600"), (",wait=601s", 64, "from 1 to 600"),
                (",wait=soon", 64, "from 1 to 600"), (",timeout=0s", 64, "from 1 to 3600"),
                (",timeout=9999", 64, "from 1 to 3600"), (",maxsize=0", 64, "write a size"),
                (",maxsize=-1", 64, "write a size"), (",maxsize=9999999T", 64, "write a size"),
                (",connections=0", 64, "from 1 to 64"), (",connections=65", 64, "from 1 to 64"),
                (",verdicts=1", 64, "from 16"), (",verdicts=x", 64, "from 16"),
                (",exclude=[a", 64, "write a pattern"), (",exclude=", 64, "write a pattern"),
                (",forget=all", 64, "bypassio set scan"), (",colour=red", 64, "no setting colour"),
                (",socket=", 64, "1 to 107"),
            ])
        func settings(settings: String, code: Int32, words: String) throws {
            let base = try TestFolder()
            let source = try base.makeFolder("source")
            let place = try base.makeFolder("mount")
            let said = settings.replacing("BASE", with: base.path)
            let socket = said.contains("socket=") ? "" : ",socket=\(base.path)/none"
            let outcome = try Program(
                try #require(BuiltPrograms.bypassio),
                ["mount", "--filter", "scan\(socket)\(said)", source, place]
            ).run(within: 60)
            #expect(MountTable.fileSystem(at: place) == nil)
            #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome)")
        }

        @Test(
            "a store or a quarantine that cannot be used",
            .enabled(if: Clamd.program != nil, "clamd is not installed (clamav-daemon)"))
        func places() throws {
            let folder = try ScannedFolder(Clamd())
            _ = try Program.shell("touch open; chmod 666 open", in: folder.folder.path)
                .run(within: 20)
            for (settings, code, words) in [
                ("store=\(folder.folder.path)", 73, "cannot keep verdicts"),
                ("store=\(folder.folder.path)/none/x", 73, "cannot keep verdicts"),
                ("store=\(folder.folder.path)/open", 73, "others may write it"),
                ("store=\(folder.source)/x", 64, "within the mounted directory"),
                ("action=quarantine,quarantine=/none", 73, "cannot use its quarantine"),
                ("action=quarantine,quarantine=/tmp", 73, "this user's alone"),
                ("action=quarantine,quarantine=\(folder.source)", 64, "within the mounted"),
            ] {
                let outcome = try folder.bypassio(
                    "mount", "--filter", "scan,socket=\(folder.clamd.socket),\(settings)",
                    folder.source, folder.place)
                #expect(outcome.code == code, "\(settings): \(outcome)")
                #expect(outcome.errors.contains(words), "\(settings): \(outcome)")
                #expect(MountTable.fileSystem(at: folder.place) == nil)
            }
        }
    }
}
