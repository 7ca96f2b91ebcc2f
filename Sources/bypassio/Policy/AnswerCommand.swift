import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Glibc
import Terminal

/// `bypassio answer`: a person's answers to the filter `policy`.
struct AnswerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer what rules leave to you: may a program do that to that file?",
        discussion: """
            Without a number each question is put at the terminal, and further ones as they come \
            with --follow; without a terminal they are listed. An answer holds for the requests \
            that wait; with --session for the same program, file and operation until the filter \
            goes; with --always it becomes a rule. A question that nobody answers in time is a no.

            Exit codes: 0 answered, or nothing is asked, 1 the answer cannot hold for good, 64 \
            usage, 66 no bypassio volume there, or no such question, 69 no control interface, 75 \
            no answer, 77 not permitted.
            """)

    enum Answer: String, ExpressibleByArgument, CaseIterable { case allow, deny }

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted, or the directory of a guard.")
    var mountPoint: String

    @Argument(help: "The question's number.")
    var number: UInt64?

    @Argument(help: "allow or deny.")
    var answer: Answer?

    @Flag(help: "The answer holds until the filter goes.")
    var session = false

    @Flag(help: "The answer becomes a rule.")
    var always = false

    @Flag(help: "Wait for further questions, until the mount ends.")
    var follow = false

    @Flag(help: "Print the questions as JSON, and ask nothing.")
    var json = false

    func validate() throws {
        guard (number == nil) == (answer == nil) else {
            throw ValidationError("Write the answer behind the question's number: allow or deny.")
        }
        guard !session || !always else {
            throw ValidationError("Write --session or --always, not both.")
        }
    }

    private var scope: String { always ? "always" : session ? "session" : "once" }

    func run() throws {
        try reportingErrors {
            let asked = try place.client(mountPoint)
            if let number, let answer {
                return try give(asked, number, answer.rawValue, scope)
            }
            let questions = try Self.questions(asked)
            if json { return try JSONOutput.print(questions) }
            guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
                if questions.isEmpty { StandardOutput.print("Nothing is asked.") }
                for question in questions { StandardOutput.print(question.words.onOneLine) }
                return
            }
            try put(questions, asked)
        }
    }

    private static func questions(_ asked: MountControlClient) throws -> [QuestionReport] {
        try asked.ask { client throws(ControlClientError) in try client.get("/v1/questions") }
    }

    private func give(
        _ asked: MountControlClient, _ number: UInt64, _ answer: String, _ scope: String
    ) throws {
        let order = AnswerOrder(answer: answer, scope: scope)
        let question = try asked.ask { client throws(ControlClientError) in
            try client.send("POST", "/v1/questions/\(number)", order, as: QuestionReport.self)
        }
        let word = answer == "allow" ? "May" : "May not"
        StandardOutput.print("\(word): \(question.words)".onOneLine)
    }

    /// One after the other, at the terminal.
    private func put(_ first: [QuestionReport], _ asked: MountControlClient) throws {
        var questions = first
        var seen: Set<UInt64> = []
        var watch = try ServiceWatch(asked, mountPoint)
        if questions.isEmpty, !follow { StandardOutput.print("Nothing is asked.") }
        while true {
            for question in questions where seen.insert(question.number).inserted {
                StandardOutput.print(question.words.onOneLine)
                StandardOutput.print(
                    "  y yes, n no; Y N for the session; A yes for good, D no for good; s skip")
                guard let line = readLine() else { return }
                guard let (answer, scope) = Self.meaning(line) else { continue }
                do {
                    try give(asked, question.number, answer, scope)
                } catch let error as CommandError where error.status == .noInput {
                    StandardOutput.complain("bypassio: \(error.message)")
                }
            }
            guard follow else { return }
            usleep(300_000)
            do {
                questions = try Self.questions(asked)
                // Its numbers may be others.
                if watch.hasChanged(Self.loss) { seen = [] }
            } catch let error as CommandError where error.status == .noInput {
                guard try watch.next(Self.loss) != .nowhere else { return }
                (seen, questions) = ([], [])
            }
        }
    }

    /// Of another service.
    private static let loss = "Questions that wait are asked again."

    private static func meaning(_ line: String) -> (answer: String, scope: String)? {
        switch line {
        case "y", "yes": ("allow", "once")
        case "n", "no", "": ("deny", "once")
        case "Y": ("allow", "session")
        case "N": ("deny", "session")
        case "A": ("allow", "always")
        case "D": ("deny", "always")
        default: nil
        }
    }
}

extension QuestionReport {
    fileprivate var words: String {
        let asker = program.map { "\($0) (process \(process))" } ?? "process \(process)"
        return "\(number)  \(asker) of user \(user): \(operation) \(path)"
            + "  [\(profile), line \(line): \(rule)]"
    }
}
