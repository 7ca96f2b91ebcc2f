import IOStack
import Minifilters
import Testing

@Suite struct PolicyProfileTests {
    private func action(_ text: String, _ path: String) throws -> PolicyAction? {
        try PolicyProfile(text, name: "test").rules(for: path).first?.action
    }

    @Test("patterns are for names anywhere, from the root, for trees, or take files out")
    func patterns() throws {
        let text = """
            allow .env.example
            deny .env* *.pem !public.pem   # a comment
            hide /private/
            ask "two words" .git/hooks/**
            read-only /**/*.txt
            """
        let cases: [(String, PolicyAction?)] = [
            (".env", .deny), ("a/b/.env.local", .deny), ("a/.env.example", .allow),
            ("key.pem", .deny), ("a/public.pem", nil), ("private", .hide), ("private/a/b", .hide),
            ("a/private/b", nil), ("x/two words", .ask), ("x/.git/hooks/a", .ask),
            (".git/hooks", nil), ("notes.txt", .readOnly), ("a/notes.txt", .readOnly), ("a", nil),
            ("", nil),
        ]
        for (path, wanted) in cases { #expect(try action(text, path) == wanted, "\(path)") }
    }

    @Test("lines may end as Windows ends them")
    func lineEnds() throws {
        let profile = try PolicyProfile("deny a\r\n\r\n# deny b\r\nallow c", name: "test")
        #expect(profile.rules.map(\.place) == ["test, line 1: deny a", "test, line 4: allow c"])
        #expect(throws: PolicyProfileError.self) {
            try PolicyProfile("deny a\r\ndney b", name: "test")
        }
    }

    @Test("a rule is told as it is written, with one blank between words and without a comment")
    func told() throws {
        let profile = try PolicyProfile("  deny \t a  \"b  c\"   # not d", name: "test")
        #expect(profile.rules.map(\.text) == ["deny a \"b  c\""])
        #expect(profile.rules.map(\.place) == ["test, line 1: deny a \"b  c\""])
    }

    @Test("a fault names its line, its column, and what was expected")
    func faults() {
        let cases: [(String, Int, Int, String)] = [
            ("\n  dney a", 2, 3, "expected allow, read-only, ask, hide, deny"),
            ("deny", 1, 5, "expected a pattern"), ("deny !a", 1, 8, "expected a pattern"),
            ("deny a [b", 1, 8, "closed sets"), ("deny a \"b", 1, 8, "expected a second \""),
            ("deny a on=raed", 1, 8, "on= with read, write"),
            ("deny a progam=x", 1, 8, "expected on=, program= or user="),
            ("deny a user=nosuch", 1, 8, "name or number"), ("deny a user=", 1, 8, "no value"),
            ("hide on=read a", 1, 6, "expected no on="), ("deny /", 1, 6, "is no pattern"),
            ("allow a\nask a program=x program=y", 2, 17, "another rule"),
        ]
        for (text, line, column, words) in cases {
            let error = #expect(throws: PolicyProfileError.self) {
                try PolicyProfile(text, name: "test")
            }
            #expect(error?.line == line && error?.column == column, "\(text): \(error as Any)")
            #expect(error?.message.contains(words) == true, "\(text): \(error as Any)")
        }
    }

    @Test("the profiles that ship are well-formed, and hold what they are for")
    func builtIn() throws {
        for name in PolicyProfile.builtInNames {
            let text = try #require(PolicyProfile.builtInText(name))
            #expect(try !PolicyProfile(text, name: name).rules.isEmpty)
        }
        let secrets = try #require(PolicyProfile.builtInText("secrets"))
        for path in [
            ".env", "app/.env.production", ".ssh/id_rsa", "certs/server.pem", ".npmrc",
            "home/.aws/credentials", ".kube/config", ".docker/config.json",
        ] { #expect(try action(secrets, path) == .deny, "\(path)") }
        #expect(try action(secrets, ".git/hooks/pre-commit") == .readOnly)
        for path in ["src/main.c", ".git/hooks/pre-commit.sample", ".git/HEAD"] {
            #expect(try action(secrets, path) ?? .allow == .allow, "\(path)")
        }
        let readonly = try #require(PolicyProfile.builtInText("readonly"))
        for path in ["", "a", "a/b"] { #expect(try action(readonly, path) == .readOnly) }
    }

    @Test("where a pattern means more below one directory than below another")
    func more() throws {
        let hooks = try #require(PathPattern("**/.git/hooks/**"))
        #expect(hooks.meetsMore(below: "a/.git", than: "a/evil"))
        #expect(!hooks.meetsMore(below: "a/other", than: "a/evil"))
        #expect(!hooks.meetsMore(below: "b/.git", than: "a/.git"))
        let anywhere = try #require(PathPattern("**/.env"))
        #expect(!anywhere.meetsMore(below: "x", than: nil))
        let rooted = try #require(PathPattern("/src/**"))
        #expect(rooted.meetsMore(below: "src", than: "lib"))
        #expect(!rooted.meetsMore(below: "src/a", than: "src/b"))
        // More places than a word has bits.
        let long = try #require(PathPattern(String(repeating: "a", count: 200) + "/*b/**"))
        #expect(long.matches(String(repeating: "a", count: 200) + "/xb/c"))
        #expect(!long.matches(String(repeating: "a", count: 199) + "/xb/c"))
        #expect(long.meetsMore(below: String(repeating: "a", count: 200), than: "a"))
    }
}
