import BypassIOProtocol
import IOStack
import Minifilters

extension ShippedFilter {
    static let processKeys = [
        (name: "port", meaning: "the port at which programs register (process; docs/ports.md)"),
        (name: "timeout", meaning: "how long a program has for an answer, such as 500ms (2s)"),
        (
            name: "away",
            meaning: "allow or deny: what counts when a program is gone or does not answer (allow)"
        ),
    ]

    static func process(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> LoadableFilter {
        var port = "process"
        var patience = Duration.seconds(2)
        var away = ProcessFilter.Away.allow
        for (key, value) in values {
            switch key {
            case "port":
                guard value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
                    1...64 ~= value.count, value != ShippedFilter.policy.rawValue
                else {
                    throw CommandError(
                        .usage,
                        "port=\(value): name 1 to 64 letters and digits, but not policy, which is "
                            + "that filter's port.")
                }
                port = value
            case "timeout": patience = try Self.time(value)
            default:
                guard let choice = ProcessFilter.Away(rawValue: value) else {
                    throw CommandError(.usage, "away=\(value): write allow or deny.")
                }
                away = choice
            }
        }
        let filter = ProcessFilter(
            port: port, patience: patience, away: away, report: { log.decided($0) },
            user: CommandIdentity.user)
        let said = ["port": port, "timeout": "\(patience)", "away": away.rawValue]
        return LoadableFilter(
            registration: filter.registration, settings: { settings(of: filter, said) },
            whenStateChanges: { filter.whenRegistrationsChange($0) })
    }

    private static func time(_ text: String) throws -> Duration {
        let isShort = text.hasSuffix("ms")
        let digits = isShort ? text.dropLast(2) : text.hasSuffix("s") ? text.dropLast() : text[...]
        guard let number = Int(digits), (1...(isShort ? 60_000 : 60)).contains(number) else {
            throw CommandError(
                .usage, "timeout=\(text): write 500ms or 2s, and a minute at most.")
        }
        return isShort ? .milliseconds(number) : .seconds(number)
    }

    /// As they were said, and what came of them.
    private static func settings(
        of filter: ProcessFilter, _ said: [String: String]
    ) -> [String: String] {
        let counts = filter.counts
        let programs = filter.programs.map { $0.isConnected ? $0.name : "\($0.name) (away)" }
        return said.merging([
            "programs": programs.isEmpty ? "none" : programs.joined(separator: ", "),
            "asked": String(counts.asked), "allowed": String(counts.allowed),
            "denied": String(counts.denied), "undecided": String(counts.away),
            "waiting": String(filter.waiting),
        ]) { $1 }
    }
}

extension ServiceLog {
    /// What a program said of an operation, or that it said nothing.
    func decided(_ event: ProcessEvent) {
        let program = event.program ?? "no program"
        let what = "the \(event.operation) of \(event.path) by process \(event.process)"
        let end = event.isAllowed ? "it goes on" : "it is denied"
        let text =
            switch event.outcome {
            case .denied: "\(program) denied \(what)"
            case .late: "\(program) did not answer in time whether to allow \(what): \(end)"
            case .gone: "\(program) is not there to be asked about \(what): \(end)"
            case .full: "\(program) does not take what it is asked about \(what): \(end)"
            case .malformed:
                "\(program) answered what is no answer, and is disconnected; \(what): \(end)"
            case .dropped: "\(program) left too much unanswered, and is disconnected"
            }
        record(
            event.outcome == .denied ? .denied : .undecided,
            event.outcome == .denied ? .notice : .warning,
            of: event.outcome == .denied
                ? "\(event.path) \(event.operation) \(program)"
                : "\(event.outcome.rawValue) \(program)", text
        ) { told in
            told.driver = "process"
            if event.outcome != .dropped {
                told.path = event.path
                told.operation = event.operation
            }
            told.reason = program
            told.cause = event.outcome.rawValue
        }
    }
}
