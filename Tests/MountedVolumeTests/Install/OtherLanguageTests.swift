import Foundation
import Testing

extension MountedVolume {
    /// The module for Python and the engine for fio, on a volume with a filter that refuses:
    /// compared with the words of `bypassio state`.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control code is ours"))
    struct OtherLanguages {
        private static let repository = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path

        /// The source of the fio that is installed.
        private static let fioSource = ProcessInfo.processInfo.environment[
            "BYPASSIO_TEST_FIO_SOURCE"]

        private static let filters = ["contentscan,signature=Fäule€😀:ROTTEN", "readaudit"]

        /// A file that may bypass, one that a filter refuses, and one that the file system refuses.
        private func mount() throws -> LiveMount {
            let mount = try LiveMount(options: "allow_other", filters: Self.filters)
            try Data(repeating: 7, count: 65536).write(
                to: URL(fileURLWithPath: "\(mount.source)/clean"))
            try (Data("ROTTEN".utf8) + Data(repeating: 7, count: 65530)).write(
                to: URL(fileURLWithPath: "\(mount.source)/infected"))
            try #require(
                FileManager.default.createFile(atPath: "\(mount.source)/sparse", contents: nil))
            try FileHandle(forWritingTo: URL(fileURLWithPath: "\(mount.source)/sparse"))
                .truncate(atOffset: 65536)
            // The scanner keeps its verdict, which a question then tells, of files at rest for 2 s.
            usleep(2_500_000)
            return mount
        }

        private func python(_ arguments: [String]) throws -> Program.Outcome {
            try Program(
                try #require(Program.find("python3")), arguments,
                environment: [
                    "PYTHONPATH": "\(Self.repository)/python", "PYTHONDONTWRITEBYTECODE": "1",
                    "LC_ALL": "C.UTF-8",
                ]
            ).run(within: 30)
        }

        private func state(_ path: String, _ options: [String] = []) throws -> Program.Outcome {
            try Program(try #require(BuiltPrograms.bypassio), ["state"] + options + [path])
                .run(within: 30)
        }

        /// What a question says is known once somebody asked for bypass.
        private func enable(_ path: String) throws -> Program.Outcome {
            try python([
                "-c",
                """
                import bypassio, os, sys
                fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
                answer = bypassio.enable(fd)
                if answer.is_vetoed:
                    print(f"{answer.driver}|{answer.reason}|{answer.status.win32}")
                else:
                    print("granted", bypassio.info(fd).active_bypass_count)
                    bypassio.disable(fd)
                    print("taken back", bypassio.info(fd).active_bypass_count)
                """, path,
            ])
        }

        @Test(
            "python -m bypassio state prints what bypassio state prints, and the module hears the same",
            .enabled(if: Program.find("python3") != nil, "needs python3"))
        func pythonState() throws {
            let mount = try mount()
            let granted = try enable("\(mount.mountpoint)/clean")
            #expect(granted.lines == ["granted 1", "taken back 0"], "\(granted)")
            let refused = try enable("\(mount.mountpoint)/infected")
            #expect(
                refused.lines == ["contentscan|The file holds the signature Fäule€😀.|225"],
                "\(refused)")
            for name in ["clean", "infected", "sparse", ""] {
                let path = "\(mount.mountpoint)/\(name)"
                let (own, theirs) = try (state(path), python(["-m", "bypassio", "state", path]))
                #expect(theirs.output == own.output && theirs.code == own.code, "\(own) \(theirs)")
                #expect(theirs.errors.isEmpty)
            }
            // With -v the command goes on with the layers.
            let whole = try state("\(mount.mountpoint)/clean", ["-v"]).output
            let lines = try python(["-m", "bypassio", "state", "-v", "\(mount.mountpoint)/clean"])
            #expect(lines.lines.count > 3 && whole.hasPrefix(lines.output), "\(lines) \(whole)")
        }

        @Test(
            "fio's engine sends ENABLE, and prints the route or the words of the refusal",
            .enabled(if: fioSource != nil, "BYPASSIO_TEST_FIO_SOURCE names the source of fio"),
            .enabled(if: Program.find("fio") != nil, "needs fio"), arguments: ["psync", "io_uring"])
        func fio(engine: String) throws {
            let mount = try mount()
            let built = try Program(
                "\(Self.repository)/contrib/fio/build", [try #require(Self.fioSource), engine],
                environment: ["FIO_ENGINES": mount.folder.path]
            ).run(within: 60)
            try #require(built.code == 0, "\(built)")
            func run(_ path: String, _ environment: [String: String] = [:]) throws
                -> Program.Outcome
            {
                try Program(
                    try #require(Program.find("fio")),
                    [
                        "--name=job",
                        "--ioengine=external:\(mount.folder.path)/bypassio-\(engine).so",
                        "--direct=1", "--rw=read", "--bs=4k", "--filename=\(path)",
                        "--size=65536", "--iodepth=4",
                    ],
                    in: mount.folder.path, environment: environment
                ).run(within: 60)
            }
            let clean = "\(mount.mountpoint)/clean"
            let granted = try run(clean)
            #expect(granted.code == 0, "\(granted)")
            #expect(
                granted.output.contains("bypassio: \(clean): reads go past the filters"),
                "\(granted)")
            #expect(try Int(mount.readsPastTheFilters) >= 16, "fio read 16 blocks")

            let sparse = "\(mount.mountpoint)/sparse"
            let lines = try state(sparse).lines
            let driver = try #require(lines.first { $0.hasPrefix("Driver: ") }).dropFirst(8)
            let reason = try #require(lines.first { $0.hasPrefix("Reason: ") }).dropFirst(8)
            let refused = try run(sparse)
            #expect(refused.code == 0, "it reads as usual: \(refused)")
            #expect(
                refused.output.contains("bypassio: \(sparse): \(driver) refuses: \(reason)\n"),
                "\(refused)")
            let required = try run(sparse, ["BYPASSIO_FIO": "require"])
            #expect(required.code != 0, "\(required)")
            let infected = try run("\(mount.mountpoint)/infected")
            #expect(
                infected.output.contains(
                    "contentscan refuses: The file holds the signature Fäule€😀.\n"),
                "\(infected)")
        }

        @Test(
            "pip installs the module from the tree",
            .enabled(if: OtherLanguages.hasPip, "needs pip, setuptools and wheel"))
        func pip() throws {
            let folder = try TestFolder()
            // pip builds within the folder that it is given.
            let copy = folder.path("python")
            try FileManager.default.copyItem(atPath: "\(Self.repository)/python", toPath: copy)
            let installed = try Program(
                try #require(Program.find("python3")),
                [
                    "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation",
                    "--disable-pip-version-check", "--root-user-action=ignore", "--target",
                    folder.path("site"), copy,
                ]
            ).run(within: 120)
            #expect(installed.code == 0, "\(installed)")
            let version = try Program(
                try #require(Program.find("python3")), ["-m", "bypassio", "--version"],
                environment: ["PYTHONPATH": folder.path("site")]
            ).run(within: 30)
            #expect(version.code == 0 && version.lines.count == 1, "\(version)")
            #expect(FileManager.default.fileExists(atPath: folder.path("site/bypassio/py.typed")))
        }

        private static let hasPip: Bool = {
            guard let python = Program.find("python3") else { return false }
            let outcome = try? Program(
                python, ["-c", "import setuptools.build_meta, wheel, pip"]
            ).run(within: 30)
            return outcome?.code == 0
        }()
    }
}

extension LiveMount {
    /// Of O_DIRECT files.
    fileprivate var readsPastTheFilters: Int {
        get throws {
            let facts = try facts("filters", mountpoint)
            let reads = try #require(facts["reads"] as? [String: Any])
            return ["fullBypass", "filterBypass"].compactMap { reads[$0] as? Int }.reduce(0, +)
        }
    }
}
