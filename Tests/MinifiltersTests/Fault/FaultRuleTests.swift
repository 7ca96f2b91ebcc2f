import BypassIOProtocol
import IOStack
import Minifilters
import Testing

@Suite struct FaultRuleTests {
    @Test(
        "patterns of paths",
        arguments: [
            ("*.db", ["a.db", "dir/a.db", ".db"], ["a.dbx", "a", "db"]),
            ("data", ["data", "x/data"], ["data/x", "xdata"]),
            ("dir/*", ["dir/a", "dir/"], ["dir", "dir/a/b", "x/dir/a"]),
            ("/a?c", ["abc"], ["x/abc", "a/c", "ac"]),
            ("**", ["a", "a/b/c", ""], []),
            ("dir/**", ["dir/a", "dir/a/b"], ["dir", "other/a"]),
            ("**/a", ["a", "x/a", "x/y/a"], ["xa", "x/ya", "a/b"]),
            ("x/**/a", ["x/a", "x/y/a", "x/y/z/a"], ["x/ya", "xa", "a"]),
            ("[a-c]x", ["ax", "bx"], ["dx", "x"]), ("[!a-c]x", ["dx"], ["ax", "d/x"]),
            ("[]-]", ["]", "-"], ["a"]), ("ü*", ["üx"], ["ux"]),
        ])
    func globs(_ pattern: String, _ matching: [String], _ others: [String]) throws {
        let glob = try #require(PathPattern(pattern))
        for path in matching { #expect(glob.matches(path), "\(pattern) \(path)") }
        for path in others { #expect(!glob.matches(path), "\(pattern) \(path)") }
    }

    @Test("a pattern of many stars takes no longer than its length times the path's")
    func manyStars() throws {
        let glob = try #require(PathPattern("x/" + String(repeating: "*a", count: 100)))
        #expect(!glob.matches("x/" + String(repeating: "a", count: 4000) + "b"))
    }

    @Test("each word of a rule says its part")
    func words() throws {
        let rule = try FaultRule(
            "dir/**;read+write;range=4096-8191;p=0.25;count=3;delay=50ms;errno=ENOSPC;name=full")
        #expect(rule.operations == [.read, .write] && rule.range == 4096..<8192)
        #expect(rule.probability == 0.25 && rule.limit == 3 && rule.delay == .milliseconds(50))
        #expect(rule.effect == .fail(.diskFull) && rule.name == "full")
        #expect(try FaultRule("a;delay=2s").operations == .all)
        #expect(try FaultRule("a;delay=2s").delay == .seconds(2))
        #expect(try FaultRule("a;short").operations == .read)
        #expect(try FaultRule("a;short=5;range=7-").range == 7..<UInt64.max)
        #expect(try FaultRule("a;hang").effect == .hang(isStubborn: false))
        #expect(try FaultRule("a;sync;hang=stubborn").effect == .hang(isStubborn: true))
        #expect(try FaultRule("a;open;crash").effect == .crash)
    }

    @Test(
        "what is no rule says why",
        arguments: [
            ("", "begins with a pattern"), ("[a;hang", "begins with a pattern"),
            ("a", "does nothing"), ("a;read", "does nothing"), ("a;reed;hang", "no operation"),
            ("a;read+;hang", "no operation"), ("a;errno=EWHAT", "there are EPERM"),
            ("a;errno=ENOSYS", "there are EPERM"), ("a;errno=", "there are EPERM"),
            ("a;crash;delay=1s", "no delay"), ("a;crash=1", "says nothing"),
            ("a;p=0;hang", "over 0"), ("a;p=1.1;hang", "over 0"), ("a;p=x;hang", "over 0"),
            ("a;p=nan;hang", "over 0"), ("a;count=0;hang", "from 1"), ("a;count=x;hang", "from 1"),
            ("a;delay=5", "50ms"), ("a;delay=0s", "50ms"), ("a;delay=3601s", "an hour"),
            ("a;delay=99999999999999ms", "an hour"), ("a;range=5-4;flip", "FIRST-LAST"),
            ("a;range=-;flip", "FIRST-LAST"), ("a;range=x-y;flip", "FIRST-LAST"),
            ("a;range=0-18446744073709551615;flip", "FIRST-LAST"),
            ("a;sync;range=0-1;hang", "for reads and writes"), ("a;short=-1", "0 or more"),
            ("a;write;flip", "reads alone"), ("a;read+write;short", "reads alone"),
            ("a;hang;errno=EIO", "two of"), ("a;flip;short", "two of"),
            ("a;hang;delay=1s", "needs no delay"), ("a;name=;hang", "letters"),
            ("a;name=x y;hang", "letters"), ("a;name=all;hang", "letters"),
            ("a;hang=forever", "says nothing"), ("a;flip=1", "says nothing"),
        ])
    func faults(_ text: String, _ words: String) {
        let error = #expect(throws: FaultRuleError.self, "\(text)") { try FaultRule(text) }
        #expect(error?.description.contains(words) == true, "\(text): \(error?.description ?? "")")
    }
}
