import Foundation

/// The command, run by root as the user nobody, who has no rights.
enum Nobody {
    private static let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private static let identity = ["--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Whether root can become nobody and nobody can run the command: it may lie in a private
    /// folder of root's.
    static let isThere: Bool = {
        guard BuiltCommand.isRoot, let setpriv, let command = BuiltCommand.location else {
            return false
        }
        let outcome = try? BuiltCommand.start(setpriv, identity + [command.path, "--version"])
        return outcome?.code == 0
    }()

    static let whyNot = "needs root, setpriv, and a build folder that others may enter"

    static func run(_ arguments: String...) throws -> BuiltCommand.Outcome {
        try run(arguments)
    }

    static func run(_ arguments: [String]) throws -> BuiltCommand.Outcome {
        guard let setpriv, let command = BuiltCommand.location else {
            throw BuiltCommand.Failure(reason: whyNot)
        }
        return try BuiltCommand.start(setpriv, identity + [command.path] + arguments)
    }
}
