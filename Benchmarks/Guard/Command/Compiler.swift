import Foundation

/// The compiler that `swift` names. Limits of instructions hold for one compiler.
enum Compiler {
    /// For example `6.3.1 x86_64`; nil if there is no compiler.
    static func version() -> String? {
        guard let answer = try? Tool.run(["swift", "--version"]), answer.code == 0,
            let found = answer.output.firstMatch(of: /Swift version ([0-9.]+)/)
        else { return nil }
        return "\(found.1) \(architecture)"
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "another architecture"
        #endif
    }
}
