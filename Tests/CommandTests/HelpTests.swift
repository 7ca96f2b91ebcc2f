import Foundation
import Testing

@Suite(.enabled(if: BuiltCommand.isThere, "\(BuiltCommand.whyNot)"))
struct HelpTests {
    private static let codes: [([String], [String])] = [
        ([], ["0", "1", "2", "64", "66", "69", "70", "73", "75", "77"]),
        (["state"], ["0", "1", "2", "64", "66", "70"]),
        (["why"], ["0", "1", "64", "66", "70", "75", "77"]),
        (["fsctl"], ["0", "1", "64", "66", "70", "75"]),
        (["decode"], ["0", "1", "64", "66"]),
        (["mount"], ["0", "64", "66", "69", "70", "73", "77"]),
        (["umount"], ["0", "64", "66", "69", "75", "77"]),
        (["restart"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["filters"], ["0", "64", "66"]),
        (["instances"], ["0", "64", "66", "69", "75", "77"]),
        (["volumes"], ["0", "64"]),
        (["load"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["unload"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["attach"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["detach"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["set"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["guard"], ["64", "65", "66", "69", "70"]),
        (["audit", "show"], ["0", "64", "65", "66"]),
        (["audit", "verify"], ["0", "1", "64", "66"]),
        (["init-encrypt"], ["0", "64", "66", "69", "70", "73"]),
        (["undo", "list"], ["0", "64"]),
        (["undo", "status"], ["0", "64", "66"]),
        (["undo", "diff"], ["0", "64", "66", "73"]),
        (["undo", "keep"], ["0", "1", "64", "66", "73"]),
        (["undo", "revert"], ["0", "1", "64", "66", "73"]),
        (["answer"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["ports"], ["0", "1", "64", "66", "69", "75", "77"]),
        (["trace"], ["0", "64", "66", "69", "73", "75", "77"]),
        (["bench"], ["0", "64", "70", "73", "130"]),
    ]

    @Test(arguments: codes) func helpNamesTheExitCodes(command: [String], codes: [String]) throws {
        let outcome = try BuiltCommand.run(command + ["--help"])
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let list = try #require(text.split(separator: "Exit codes: ").last)
        let sentence = list.prefix { $0 != "." }
        let words = sentence.split { $0 == " " || $0 == "," }.map(String.init)
        for code in codes { #expect(words.contains(code), "\(code) in \(sentence)") }
    }

    @Test(arguments: [[], ["--size", "8", "--no-fio"], ["x"], ["--rounds", "1", "--help"]])
    func demoSaysWhereItsPartsAre(arguments: [String]) throws {
        expectError(
            try BuiltCommand.run(["demo"] + arguments), code: 64,
            saying: "bypassio bench --quick", "bypassio sample")
        #expect(try !BuiltCommand.run("--help").output.contains("demo"))
    }

    @Test func theVersionIsANumberOfThreeParts() throws {
        let outcome = try BuiltCommand.run("--version")
        #expect(outcome.code == 0)
        let parts = outcome.output.dropLast().split(separator: ".")
        #expect(parts.count == 3 && parts.allSatisfy { Int($0) != nil }, "\(outcome.output)")
    }

    @Test(
        arguments: [
            (["moutn"], "mount"), (["stat", "/"], "state"), (["Filters"], "filters"),
            (["umuont", "/"], "umount"), (["lab", "rnu"], "run"),
            (["lab", "conformanse"], "conformance"),
            (["state", "--verbos", "/"], "--verbose"),
        ])
    func aMistypedNameIsSuggested(arguments: [String], meant: String) throws {
        expectUsageError(try BuiltCommand.run(arguments), saying: "Did you mean '\(meant)'?")
    }

    @Test func nothingIsSuggestedForWhatIsNearNothing() throws {
        for word in ["nonsense", "x", "🙂", String(repeating: "mount", count: 100), "lab-servic"] {
            let outcome = try BuiltCommand.run(word)
            expectUsageError(outcome)
            #expect(!outcome.errors.contains("Did you mean"), "\(outcome.errors)")
        }
    }

    @Test func theShippedFiltersAreJSONToo() throws {
        struct Filter: Decodable {
            struct Setting: Decodable { let name: String }
            let name: String
            let altitude: String
            let settings: [Setting]
        }
        let outcome = try BuiltCommand.run("filters", "--json")
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let filters = try JSONDecoder().decode([Filter].self, from: Data(outcome.output.utf8))
        #expect(filters.map(\.name).contains("readaudit"))
        let lines = try BuiltCommand.run("filters").lines
        for filter in filters {
            #expect(lines.contains { $0.hasPrefix(filter.name) && $0.contains(filter.altitude) })
            for setting in filter.settings {
                #expect(lines.contains { $0.hasPrefix("  ,\(setting.name)=") })
            }
        }
    }

    @Test(
        arguments: [
            ["why"], ["decode"], ["nonsense"], ["--nonsense"], ["state", "--nonsense", "/"],
            ["state", "/", "/tmp"], ["decode", "--as"], ["decode", "00", "11"],
            ["decode", "--as", "SOMETHING", "00"], ["bench", "--size"], ["bench", "--size", "x"],
            ["bench", "--engine", "steam"], ["bench", "folder"],
            ["mount"], ["mount", "/tmp"], ["mount", "/tmp", "/a", "/b"], ["mount", "-o"],
            ["umount"], ["umount", "--nonsense", "/"], ["filters", "a", "b"],
            ["trace"], ["trace", "/", "--for", "0"], ["trace", "/", "--pid", "0"],
            ["trace", "/", "--path", ""], ["trace", "/", "--json", "--output", "f"],
        ])
    func aWrongCommandLineIsExitCode64(arguments: [String]) throws {
        expectUsageError(try BuiltCommand.run(arguments))
    }
}
