import Testing

/// Code names an errno: `IOFailure(errno: .resourceBusy)`, not 16.
struct ErrnoTests {
    /// The only table between NTSTATUS and errno.
    private static let table = "Sources/BypassIOProtocol/Status/NTStatus+LinuxErrno.swift"

    /// A number may stand neither after these words nor after their colon or comparison.
    private static let labels: Set = ["errno", "hostErrno", "readErrno", "writeErrno"]

    @Test("no bare error number stands in Sources")
    func numbers() {
        var findings: [Finding] = []
        for file in Tree.own.files(below: "Sources")
        where file.path.hasSuffix(".swift") && file.path != Self.table {
            let tokens = file.tokens
            for index in tokens.indices where Self.isBareNumber(tokens, index) {
                findings.append(
                    Finding(
                        path: file.path, line: tokens[index].line,
                        fault: "\(tokens[index].text) is an errno without its name",
                        remedy: "Name it, such as Errno.ioError."))
            }
        }
        expectNone(findings)
    }

    private static func isBareNumber(_ tokens: [Token], _ index: Int) -> Bool {
        guard tokens[index].kind == .word, let value = Int(tokens[index].text), value > 0 else {
            return false
        }
        var place = index - 1
        func skip(_ signs: Set<String>) {
            while place >= 0, tokens[place].kind == .sign, signs.contains(tokens[place].text) {
                place -= 1
            }
        }
        skip(["-", ":", "=", "!", "<", ">"])
        // Nothing is compared behind the sign that ends a range or a call.
        guard place >= 0, place < index - 1 else { return false }
        if labels.contains(tokens[place].text) {
            // `errno: Int32 = 0` is a default, and the table of `case`s has no error's number.
            return true
        }
        return tokens[place].is("rawValue") && place >= 2 && tokens[place - 1].is("(")
            && tokens[place - 2].is("Errno")
    }

    @Test("the rule sees what it is there for")
    func sees() {
        func isFound(_ text: String) -> Bool {
            let tokens = Scanner(text).tokens
            return tokens.indices.contains { Self.isBareNumber(tokens, $0) }
        }
        #expect(isFound("throw IOFailure(errno: 16)"))
        #expect(isFound("IOFailure(.cancelled, hostErrno: 4)"))
        #expect(isFound("throw Errno(rawValue: 5)"))
        #expect(isFound("if failure.errno == 17 { return }"))
        #expect(!isFound("IOFailure(errno: .ioError)"))
        #expect(!isFound("guard hostErrno != 0 else { return }"))
        #expect(!isFound("CreateFlags(rawValue: 5)"))
    }
}
