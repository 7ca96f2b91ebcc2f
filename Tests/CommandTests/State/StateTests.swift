import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct StateTests {
    private let folder: Workspace

    init() throws {
        folder = try Workspace()
        try folder.fill("data", count: 1 << 16)
    }

    /// Expects fsutil's text for a verdict, the same facts in the JSON, and every layer with `-v`.
    @discardableResult
    private func expectAgreement(on path: String) throws -> StateAnswer {
        let answer = try StateAnswer.of(path)
        #expect(answer.path == path)
        let text = try BuiltCommand.run("state", path)
        #expect(text.code == answer.exitCode)
        #expect(text.errors.isEmpty)
        #expect(text.lines == answer.fsutilLines(verbose: false))
        let verbose = try BuiltCommand.run("state", path, "-v")
        #expect(verbose.code == answer.exitCode)
        let expected = answer.fsutilLines(verbose: true)
        #expect(Array(verbose.lines.prefix(expected.count)) == expected)
        let rest = verbose.lines.dropFirst(expected.count)
        let table = rest.drop { $0 != "Every layer, top to bottom:" }.dropFirst(3)
        for (line, layer) in zip(table, answer.layers) {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            #expect(words.prefix(2) == [layer.layer, layer.driver], "\(line)")
            #expect(line.contains("lets BypassIO through") == !layer.isInTheWay)
            #expect(layer.reason.map { line.hasSuffix($0) } ?? true)
        }
        #expect(Array(rest.suffix(answer.facts.count)) == answer.facts)
        #expect(answer.layers.contains { $0.layer == "fileSystem" })
        #expect(answer.layers.last?.layer == "storage")
        return answer
    }

    @Test("spec 3.1: a regular file, word for word")
    func aRegularFile() throws {
        let answer = try expectAgreement(on: folder.path("data"))
        #expect(answer.resolvedPath == folder.path("data"))
    }

    @Test(
        "spec 3.1: a regular file of ext4: no filter and no file system in the way",
        .enabled(if: Host.varTmpIsExt4, "/var/tmp is not on ext4"))
    func aFileOfExt4() throws {
        let path = folder.path("data")
        let answer = try expectAgreement(on: path)
        #expect(answer.verdict.kind != "notSupported")
        let fileSystem = try #require(answer.layers.first { $0.layer == "fileSystem" })
        #expect(fileSystem.driver == "ext4" && !fileSystem.isInTheWay)
        if answer.verdict.kind == "supported" {
            let text = try BuiltCommand.run("state", path).output
            #expect(text == "BypassIo on \"\(path)\" is currently supported.\n")
            #expect(answer.layers.filter(\.isInTheWay).isEmpty)
        }
    }

    @Test func theVerdictStandsForTheFirstLayerInTheWay() throws {
        for path in [folder.path("data"), "/", "/dev/shm", "/proc", "/sys"] {
            let answer = try StateAnswer.of(path)
            let first = answer.layers.first(where: \.isInTheWay)
            #expect(first?.driver == answer.verdict.blocker?.driver, "\(path)")
            #expect(first?.ntStatus == answer.verdict.blocker?.ntStatus, "\(path)")
            #expect(first?.reason == answer.verdict.blocker?.reason, "\(path)")
        }
    }

    @Test(
        "spec 4.2: QUERY may go to a directory and to the volume",
        arguments: ["/", "/proc", "/dev/shm", "/var/tmp", "/."])
    func directoriesAndMountPoints(path: String) throws {
        let answer = try expectAgreement(on: path)
        #expect(answer.verdict.kind != "notSupported")
    }

    @Test func linksAreFollowedAndThePathIsPrintedAsWritten() throws {
        try folder.link("link", to: "data")
        let answer = try expectAgreement(on: folder.path("link"))
        #expect(answer.resolvedPath == folder.path("data"))
        let relative = try BuiltCommand.run("state", "./link", in: folder)
        #expect(relative.output.hasPrefix("BypassIo on \"./link\" is "))
        let dotted = try BuiltCommand.run("state", "../\(folder.url.lastPathComponent)", in: folder)
        #expect(dotted.code == 0 || dotted.code == 2)
    }

    @Test("spec 6.1: a sparse file is vetoed with Win32 490")
    func aSparseFile() throws {
        let path = try folder.makeSparse("sparse", count: 10 << 20)
        let answer = try expectAgreement(on: path)
        let driver = try #require(answer.layers.first).driver
        let text = try BuiltCommand.run("state", path)
        #expect(text.code == 1)
        #expect(
            text.output == """
                BypassIo on "\(path)" is not currently supported.
                Status: 490 (The specified operation is not supported on a sparse file)
                Driver: \(driver)
                Reason: The file is sparse.

                """)
    }

    @Test(
        "spec 6.1: a compressed file is vetoed with Win32 496",
        .enabled(if: Host.canMarkCompressed, "chattr +c does not work on /var/tmp"))
    func aCompressedFile() throws {
        #expect(Host.succeeds("/usr/bin/chattr", "+c", folder.path("data")))
        let blocker = try expectAgreement(on: folder.path("data")).verdict.blocker
        #expect(blocker?.win32 == 496)
        #expect(blocker?.reason == "The file is compressed.")
    }

    @Test(
        "spec 6.1: a swap file is vetoed with Win32 491",
        .enabled(if: Host.canSwap, "needs root, mkswap, swapon and a kernel that lets them"))
    func aSwapFile() throws {
        try Host.withSwapFile(in: folder) { path in
            let blocker = try expectAgreement(on: path).verdict.blocker
            #expect(blocker?.win32 == 491)
            #expect(blocker?.reason == "The file is in use as swap space.")
        }
    }

    @Test(
        "spec 4.1: a file system without storage is partially supported",
        .enabled(if: Host.hasTmpfs, "/dev/shm is not tmpfs"))
    func tmpfs() throws {
        let answer = try expectAgreement(on: "/dev/shm")
        #expect(answer.verdict.kind == "partiallySupported")
        #expect(answer.verdict.blocker?.driver == "tmpfs")
        #expect(answer.verdict.blocker?.win32 == 494)
        #expect(!answer.verdict.isStorageDriverCompatible)
        let memory = try Workspace(in: "/dev/shm")
        try memory.fill("data", count: 4096)
        #expect(try expectAgreement(on: memory.path("data")).exitCode == 1)
    }

    @Test("fsutil's /v and /V are -v, wherever they stand; alone, or behind --, they are paths")
    func switchesOfFsutil() throws {
        let path = folder.path("data")
        let verbose = try BuiltCommand.run("state", "-v", path)
        #expect(verbose.lines.contains("Every layer, top to bottom:"))
        for words in [["/v", path], ["/V", path], [path, "/v"], ["/v", "--", path]] {
            let outcome = try BuiltCommand.run(["state"] + words)
            #expect(outcome.output == verbose.output && outcome.code == verbose.code, "\(words)")
        }
        expectError(try BuiltCommand.run("state", "/v"), code: 66, saying: "/v does not exist")
        expectUsageError(try BuiltCommand.run("state", path, "--", "/v"))
    }

    @Test func aFileThatTheKernelMakesUp() throws {
        let answer = try expectAgreement(on: "/proc/version")
        #expect(answer.verdict.kind == "notSupported")
        #expect(answer.verdict.blocker?.driver == "proc")
    }

    @Test func anEmptyFile() throws {
        try folder.write("empty", [])
        #expect(try expectAgreement(on: folder.path("empty")).verdict.kind != "notSupported")
    }

    @Test func namesOfAnyBytes() throws {
        try folder.fill("line\nbreak", count: 4096)
        let broken = try BuiltCommand.run("state", "line\nbreak", in: folder)
        #expect(broken.code == 0 || broken.code == 2)
        #expect(broken.lines.first?.hasPrefix("BypassIo on \"line\\u{A}break\" is ") == true)
        let bytes = try BuiltCommand.shell(
            """
            name=$(printf 'b\\377\\376d')
            printf data >"$name"
            exec "$bypassio" state "$name"
            """, in: folder)
        #expect(bytes.code == 0 || bytes.code == 2, "\(bytes.errors)")
        #expect(bytes.output.hasPrefix("BypassIo on \"b"))
    }

    @Test func aFileOnStandardInput() throws {
        let outcome = try BuiltCommand.shell(
            "exec \"$bypassio\" state /dev/stdin <data", in: folder)
        #expect(outcome.code == 0 || outcome.code == 2)
    }
}
