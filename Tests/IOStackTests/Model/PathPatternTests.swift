import IOStack
import Testing

struct PathPatternTests {
    @Test(
        "a pattern matches these paths",
        arguments: [
            ("data", "data"), ("data", "folder/data"), ("*.bin", "a.bin"), ("*.bin", "x/y/a.bin"),
            ("*", "x/y"), ("?", "x/y"), ("x/*", "x/y"), ("/x/*", "x/y"), ("/*", "y"),
            ("**", "x/y/z"), ("x/**", "x/y/z"), ("**/z", "z"), ("**/z", "x/z"), ("**/z", "x/y/z"),
            ("x/**/z", "x/z"), ("x/**/z", "x/y/y/z"), ("x/**/*.c", "x/y/a.c"), ("**/y/**", "x/y/z"),
            ("[a-c]x", "bx"), ("[!a-c]x", "dx"), ("[]x]", "]"), ("[]-]", "-"), ("\\*", "*"),
            ("a*b*c", "aXbYc"), ("a*b*c", "abbc"), ("ä?", "äö"), ("***", "x/y"), ("\\", "\\"),
        ])
    func matches(_ pattern: String, _ path: String) throws {
        #expect(try #require(PathPattern(pattern)).matches(path))
    }

    @Test(
        "a pattern does not match these",
        arguments: [
            ("data", "datas"), ("data", "data/x"), ("*.bin", "a.bin/x"), ("x/*", "x/y/z"),
            ("/*", "x/y"), ("**/z", "xz"), ("x/**/z", "xz"), ("x/**/z", "x/yz"), ("?", ""),
            ("[a-c]x", "dx"), ("[!a-c]x", "ax"), ("\\*", "x"), ("a*b*c", "aXbY"), ("x/?", "x//"),
            ("x[!a]y", "x/y"), ("data", ""),
        ])
    func differs(_ pattern: String, _ path: String) throws {
        #expect(try !#require(PathPattern(pattern)).matches(path))
    }

    @Test("what is no pattern is refused; the hardest takes no time worth telling")
    func limits() throws {
        for text in ["", "[ab", "[", "[c-a]"] { #expect(PathPattern(text) == nil, "\(text)") }
        #expect(PathPattern(String(repeating: "a", count: PathPattern.longest + 1)) == nil)
        let stars = try #require(PathPattern(String(repeating: "*a", count: 400) + "b"))
        #expect(!stars.matches(String(repeating: "a", count: 1000)))
        let folders = try #require(PathPattern(String(repeating: "**/", count: 300) + "b"))
        #expect(!folders.matches(String(repeating: "a/", count: 500)))
    }
}
