import Testing

@testable import Minifilters

@Suite struct SignatureTests {
    private func firstMatch(_ pattern: String, in text: String) throws -> Int? {
        let signature = try #require(Signature(name: "test", pattern: Array(pattern.utf8)))
        return signature.firstMatch(in: Array(text.utf8).span)
    }

    @Test(arguments: 0..<4) func aPatternUnderFourBytesIsNone(length: Int) {
        #expect(Signature(name: "short", pattern: [UInt8](repeating: 1, count: length)) == nil)
    }

    @Test func aPatternOfFourBytesIsFound() throws {
        #expect(try firstMatch("abcd", in: "abcd") == 0)
        #expect(try firstMatch("abcd", in: "abcdx") == 0)
        #expect(try firstMatch("abcd", in: "xabcd") == 1)
        #expect(try firstMatch("abcd", in: "xabcdabcd") == 1)
    }

    @Test func whatIsShorterThanThePatternHoldsNone() throws {
        #expect(try firstMatch("abcd", in: "") == nil)
        #expect(try firstMatch("abcd", in: "abc") == nil)
        #expect(try firstMatch("abcd", in: "bcd") == nil)
    }

    @Test func aBeginningThatRepeatsHidesNoMatch() throws {
        #expect(try firstMatch("aaab", in: "aaaaaab") == 3)
        #expect(try firstMatch("abab!", in: "abababab!") == 4)
        #expect(try firstMatch("aaaa", in: "aaa") == nil)
        #expect(try firstMatch("aaaa", in: "aaabaaaa") == 4)
    }

    @Test func almostIsNotAMatch() throws {
        #expect(try firstMatch("abcdef", in: "abcdeF abcdE abcd") == nil)
        #expect(try firstMatch("abcdef", in: "abcdeabcdef") == 5)
    }

    @Test func everyByteValueMayBeInAPattern() throws {
        let all = [UInt8](0...255)
        let signature = try #require(Signature(name: "all", pattern: all))
        #expect(signature.firstMatch(in: ([255, 0] + all).span) == 2)
        let zeros = try #require(Signature(name: "zeros", pattern: [0, 0, 0, 0]))
        #expect(zeros.firstMatch(in: [1, 0, 0, 0, 0].span) == 1)
    }

    /// Compares with a search that is too simple to be wrong.
    @Test func findsWhatAPlainSearchFinds() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...1, using: &random)
            }
            let pattern = (0..<Int.random(in: 4...6, using: &random)).map { _ in
                UInt8.random(in: 0...1, using: &random)
            }
            let signature = try #require(Signature(name: "random", pattern: pattern))
            let plain = bytes.indices.first { bytes[$0...].starts(with: pattern) }
            #expect(signature.firstMatch(in: bytes.span) == plain, "\(pattern) in \(bytes)")
        }
    }
}
