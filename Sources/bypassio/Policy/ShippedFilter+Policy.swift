import Foundation
import Glibc
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

extension ShippedFilter {
    static let policyKeys = [
        (
            name: "profile",
            meaning: "a file of rules, secrets or readonly (docs/policy.md); as often as wanted"
        ),
        (name: "answers", meaning: "a file for answers that hold for good, whose rules come first"),
        (name: "timeout", meaning: "how long a question waits for its answer, such as 90s (60s)"),
    ]

    static func policy(
        _ values: [(key: String, value: String)], _ log: ServiceLog
    ) throws -> LoadableFilter {
        var profiles: [PolicyProfile] = []
        var answers: String?
        var surroundings = PolicyFilter.Surroundings(
            program: ProgramOfThread.path, user: CommandIdentity.user, report: { log.decided($0) })
        for (key, value) in values {
            switch key {
            case "profile": profiles.append(try PolicyProfileFile.profile(value))
            case "answers": answers = value
            default: surroundings.patience = try patience(value)
            }
        }
        guard !profiles.isEmpty else {
            throw CommandError(
                .usage,
                "policy wants rules: policy,profile=FILE, or profile="
                    + PolicyProfile.builtInNames.joined(separator: " or profile=") + ".")
        }
        if let answers {
            profiles.insert(try PolicyProfileFile.answers(answers), at: 0)
            surroundings.keep = { rule throws(PolicyAnswerError) in
                try PolicyProfileFile.append(rule, to: answers)
            }
        }
        let policy = PolicyFilter(profiles, surroundings)
        let said = values.map { ($0.key, $0.value) }
        return LoadableFilter(
            registration: policy.registration, settings: { settings(of: policy, said) },
            policy: policy)
    }

    private static func patience(_ text: String) throws -> Duration {
        let number = text.hasSuffix("s") ? String(text.dropLast()) : text
        guard let seconds = Int(number), (1...86_400).contains(seconds) else {
            throw CommandError(.usage, "timeout=\(text): name seconds from 1 to 86400.")
        }
        return .seconds(seconds)
    }

    /// As they were said, and what came of them.
    private static func settings(
        of policy: PolicyFilter, _ said: [(String, String)]
    ) -> [String: String] {
        var settings = Dictionary(said) { "\($0), \($1)" }
        let counts = policy.counts
        settings["rules"] = String(policy.rules.count)
        settings["denied"] = String(counts.denied)
        settings["asked"] = String(counts.asked)
        settings["answered yes"] = String(counts.answeredYes)
        settings["answered no"] = String(counts.answeredNo)
        settings["unanswered"] = String(counts.unanswered)
        settings["waiting"] = String(policy.questions.count)
        return settings
    }
}

/// Profiles of the command line.
enum PolicyProfileFile {
    /// In bytes.
    private static let largest = 1 << 20

    /// One that ships, or a file's. Throws a ``CommandError`` with the place of a fault.
    static func profile(_ name: String) throws -> PolicyProfile {
        if let text = PolicyProfile.builtInText(name) { return try parsed(text, name) }
        return try parsed(try text(of: name), name)
    }

    /// Made where it is not there.
    static func answers(_ file: String) throws -> PolicyProfile {
        guard FileManager.default.fileExists(atPath: file) else {
            return PolicyProfile(name: file, rules: [])
        }
        return try profile(file)
    }

    private static func parsed(_ text: String, _ name: String) throws -> PolicyProfile {
        do throws(PolicyProfileError) {
            return try PolicyProfile(text, name: name, user: UserName.number)
        } catch {
            throw CommandError(.malformed, "\(name), \(error).")
        }
    }

    private static func text(of file: String) throws -> String {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try KernelFile.bytes(of: ArgumentPath.path(file))
        } catch {
            throw CommandError(
                .noInput,
                "The profile \(file) cannot be read (\(error)): name a file, or one of "
                    + PolicyProfile.builtInNames.joined(separator: ", ") + ".")
        }
        guard bytes.count <= largest, let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(
                .malformed, "\(file) is no profile: it is no UTF-8 text of at most 1 MiB.")
        }
        return text
    }

    /// Adds a rule at the end, in one write.
    static func append(_ rule: String, to file: String) throws(PolicyAnswerError) {
        do {
            let target = try FileDescriptor.open(
                ArgumentPath.path(file), .writeOnly, options: [.append, .create, .closeOnExec],
                permissions: .ownerReadWrite)
            try target.closeAfter { _ = try target.writeAll((rule + "\n").utf8) }
        } catch {
            throw .notKept("\(file) cannot be written: \(error).")
        }
    }
}

/// Which program a thread runs.
enum ProgramOfThread {
    /// The executable's path, as the thread's process was started from it.
    static func path(_ thread: Int32) -> String? {
        guard thread > 0,
            let bytes = try? SystemCall.readLink(FilePath("/proc/\(thread)/exe"))
        else { return nil }
        let path = String(decoding: bytes, as: UTF8.self)
        let gone = " (deleted)"
        return path.hasSuffix(gone) ? String(path.dropLast(gone.count)) : path
    }
}

/// Users by their names.
enum UserName {
    static func number(_ name: String) -> UInt32? {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>? = nil
        var buffer = [CChar](repeating: 0, count: 65_536)
        let code = unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &found)
        guard code == 0, unsafe found != nil else { return nil }
        return unsafe entry.pw_uid
    }
}
