import Foundation
import Testing

/// The tutorial shows the files that the tests compile and run.
struct TutorialTests {
    private static let steps = ["SeeReads", "VetoSome", "ChangeData"]

    /// Blocks of Swift in a document.
    private static func code(in document: TreeFile) -> [String] {
        document.text.components(separatedBy: "```swift\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first.map { $0 + "\n" }
        }
    }

    @Test("each step's article has its file, byte by byte", arguments: steps)
    func code(step: String) throws {
        let file = try #require(Tree.own.file("Examples/FilterTutorial/\(step).swift"))
        let article = try #require(
            Tree.own.file("Sources/FilterKit/FilterKit.docc/\(step).md"))
        #expect(
            Self.code(in: article) == [file.text],
            "Copy Examples/FilterTutorial/\(step).swift into the article's block.")
    }

    @Test("a step is short enough to be read")
    func length() throws {
        for step in Self.steps {
            let file = try #require(Tree.own.file("Examples/FilterTutorial/\(step).swift"))
            #expect(file.text.split(separator: "\n").count < 60, "\(step)")
        }
    }
}
