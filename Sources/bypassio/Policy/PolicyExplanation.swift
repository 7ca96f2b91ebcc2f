import BypassIOProtocol
import ControlInterface
import FUSE
import Foundation
import LinuxKit
import SystemPackage

/// What rules do to a file on a mount, without touching it: it may be denied or hidden.
struct PolicyExplanation: Encodable {
    let path: String
    let program: String?
    let verdicts: [PolicyVerdictReport]

    /// Nothing that the rules know of is kept from the program.
    var isFree: Bool { verdicts.allSatisfy { $0.action == "allow" } }

    /// A program that rules can name: a path, or a name that is found as shells find it; nil for
    /// what is neither.
    static func program(_ name: String) -> String? {
        if name.contains("/") { return name }
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let found = folders.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        return found.map { (try? SystemCall.realPath(FilePath($0)))?.string ?? $0 }
    }

    /// Throws a ``CommandError`` where no bypassio volume is, or none that has rules.
    init(_ named: String, program: String?, user: UInt32) throws {
        let (mountPoint, rest) = try Self.place(of: named)
        let query =
            "/v1/policy?path=\(ControlClient.escaped(rest))&user=\(user)"
            + (program.map { "&program=\(ControlClient.escaped($0))" } ?? "")
        path = named
        self.program = program
        verdicts = try MountControlClient(mountPoint).ask { client throws(ControlClientError) in
            try client.get(query)
        }
    }

    /// The mount, or a guard's directory, and the path from its root.
    private static func place(of named: String) throws -> (mountPoint: String, path: String) {
        var top = ArgumentPath.path(ArgumentPath.absolute(named)).lexicallyNormalized()
        if let name = top.lastComponent,
            let folder = try? SystemCall.realPath(top.removingLastComponent())
        {
            top = folder.appending(name)
        }
        let whole = top
        let table = MountTable.current
        while true {
            let isOurs = table.top(at: top)?.isFUSE == true
            let isGuarded =
                (try? SystemCall.status(
                    of: ControlPlace.own(top).path, followingLinks: false)) != nil
            if isOurs || isGuarded {
                var rest = whole
                _ = rest.removePrefix(top)
                return (top.string, rest.string)
            }
            guard top.removeLastComponent() else { break }
        }
        throw CommandError(
            .noInput, "\(named) is on no mounted volume of bypassio, and in no guard's directory.")
    }

    var lines: [String] {
        let asker = program ?? "any program"
        var groups: [(words: String, operations: [String])] = []
        for verdict in verdicts {
            let words = verdict.words(about: path)
            if let place = groups.firstIndex(where: { $0.words == words }) {
                groups[place].operations.append(verdict.operation)
            } else {
                groups.append((words, [verdict.operation]))
            }
        }
        return ["What \(asker) may do to \(path):"]
            + groups.map { "- \($0.operations.joined(separator: ", ")): \($0.words)" }
    }
}

extension PolicyVerdictReport {
    /// Without the operation.
    func words(about named: String) -> String {
        guard let profile, let line, let rule else { return "allowed; no rule is for it." }
        let name = named.hasSuffix(path) ? "" : ", because the file is also called \(path)"
        return "\(action)\(name), by \(profile), line \(line): \(rule)"
    }
}
