import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct StateErrorTests {
    private let folder: Workspace

    init() throws {
        folder = try Workspace()
        try folder.fill("data", count: 4096)
    }

    private func expectNoInput(
        _ name: String, saying words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for options in [[], ["-v"], ["--json"]] {
            let outcome = try BuiltCommand.run(
                ["state", folder.path(name)] + options)
            expectError(outcome, code: 66, saying: words, sourceLocation: sourceLocation)
        }
    }

    @Test func whatDoesNotExist() throws {
        try expectNoInput("nothing", saying: "does not exist")
        try expectNoInput("nothing/below", saying: "does not exist")
        try expectNoInput("new\nline\u{1B}[2J", saying: "new\\u{A}line\\u{1B}[2J does not exist")
    }

    @Test func aDanglingLink() throws {
        try folder.link("dangling", to: "nothing")
        try expectNoInput("dangling", saying: "link to something that does not exist")
    }

    @Test func aLoopOfLinks() throws {
        try folder.link("one", to: "two")
        try folder.link("two", to: "one")
        try expectNoInput("one", saying: "loop of links")
        try folder.link("self", to: "self")
        try expectNoInput("self/below", saying: "loop of links")
    }

    @Test func aPathThroughAFile() throws {
        try expectNoInput("data/below", saying: "no directory")
    }

    @Test func aFIFO() throws {
        _ = try folder.makeFIFO("fifo")
        try expectNoInput("fifo", saying: "a FIFO")
        try folder.link("link", to: "fifo")
        try expectNoInput("link", saying: "a FIFO")
    }

    @Test func devices() throws {
        expectError(
            try BuiltCommand.run("state", "/dev/null"), code: 66, saying: "a character device")
    }

    @Test func aSocket() throws {
        try folder.makeSocket("socket")
        try expectNoInput("socket", saying: "a socket")
    }

    @Test func pathsThatNameNothing() throws {
        expectError(try BuiltCommand.run("state", ""), code: 66, saying: "empty")
        let long = String(repeating: "x", count: 300)
        expectError(try BuiltCommand.run("state", long), code: 66, saying: "longer than")
        let deep = String(repeating: "x/", count: 3000)
        let outcome = try BuiltCommand.run("state", deep)
        #expect(outcome.code == 66 && outcome.output.isEmpty && outcome.errorLines.count == 1)
    }

    @Test(.enabled(if: Nobody.isThere, "\(Nobody.whyNot)"))
    func whatAUserMayNotRead() throws {
        try folder.fill("secret", count: 4096)
        try folder.setPermissions(0, of: "secret")
        try folder.makeFolder("closed")
        try folder.fill("closed/data", count: 4096)
        try folder.setPermissions(0o700, of: "closed")
        for name in ["secret", "closed", "closed/data", "closed/nothing"] {
            expectError(
                try Nobody.run("state", folder.path(name)), code: 66, saying: "cannot be read")
        }
        let readable = try Nobody.run("state", folder.path("data"))
        #expect(readable.code == 0 || readable.code == 2, "it needs no rights: \(readable.errors)")
    }

    @Test func aFileRemovedWhileSomebodyHasItOpen() throws {
        let outcome = try BuiltCommand.shell(
            "exec 3<data; rm data; exec \"$bypassio\" state /proc/self/fd/3", in: folder)
        expectError(outcome, code: 66, saying: "does not exist")
    }

    @Test func aFileThatComesAndGoes() throws {
        let outcome = try BuiltCommand.shell(
            """
            (while [ ! -e stop ]; do printf x >coming; rm coming; done) &
            for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                "$bypassio" state coming >out 2>err
                echo "$? $(wc -l <out) $(wc -l <err)"
            done
            touch stop
            wait
            """, in: folder)
        #expect(outcome.lines.count == 20)
        for line in outcome.lines {
            let numbers = line.split(separator: " ").map(String.init)
            switch numbers[0] {
            case "0": #expect(numbers[1] == "1" && numbers[2] == "0")
            case "1": #expect(numbers[1] == "4" && numbers[2] == "0")
            case "2": #expect(numbers[1] == "7" && numbers[2] == "0")
            default: #expect(numbers == ["66", "0", "1"])
            }
        }
    }
}
