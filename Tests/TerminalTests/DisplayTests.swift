import Testing

@testable import Terminal

struct DisplayTests {
    @Test func aTableHasItsNumbersToTheRightAndNothingBehind() {
        var table = TextTable([("route", .left), ("reads", .right), ("why", .left)])
        table.append(["a", "10,000", ""])
        table.append(["longer", "1", "because"])
        #expect(
            table.lines == [
                "route    reads  why", "------  ------  -------", "a       10,000",
                "longer       1  because",
            ])
    }

    @Test func whatMovesTheCursorIsWrittenOut() {
        #expect("a\u{1B}[2J\nb\u{202E}c".onOneLine == "a\\u{1B}[2J\\u{A}b\\u{202E}c")
        #expect("größer 🙂".onOneLine == "größer 🙂")
    }

    @Test func sentencesEndOnce() {
        #expect("It ends".asSentence == "It ends." && "It ends. \n".asSentence == "It ends.")
        #expect("Does it?".asSentence == "Does it?" && "".asSentence == "")
        #expect("It ends.".asClause == "It ends" && "It ends".asClause == "It ends")
    }

    @Test func coloursAreForTerminalsThatTakeThem() {
        func painted(_ isTerminal: Bool, _ environment: [String: String]) -> String {
            Colour(isTerminal: isTerminal, environment: environment).paint("no", .red)
        }
        #expect(painted(true, [:]) == "\u{1B}[31mno\u{1B}[0m")
        #expect(painted(true, ["NO_COLOR": ""]) == painted(true, [:]), "empty counts as not set")
        for refusal in [["NO_COLOR": "1"], ["NO_COLOR": "0"], ["TERM": "dumb"]] {
            #expect(painted(true, refusal) == "no")
        }
        #expect(painted(false, [:]) == "no")
    }

    @Test func whatIsPrintedAsJSONHasItsKeysSorted() throws {
        #expect(
            try JSONOutput.text(["b": "/x", "a": "y"]) == "{\n  \"a\" : \"y\",\n  \"b\" : \"/x\"\n}"
        )
    }
}
