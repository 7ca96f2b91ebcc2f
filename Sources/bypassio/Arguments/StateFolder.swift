import Foundation
import SystemPackage

/// Where programs of a user keep what outlives them (XDG Base Directory Specification).
enum StateFolder {
    /// `$XDG_STATE_HOME`; nil if it is not set, or empty, or no absolute path, which all mean the
    /// same by the specification.
    static var named: String? {
        let value = ProcessInfo.processInfo.environment["XDG_STATE_HOME"]
        return value.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// This program's folder; nil where the user has no home.
    static var own: FilePath? {
        let home = ProcessInfo.processInfo.environment["HOME"].map { "\($0)/.local/state" }
        guard let state = named ?? home, state.hasPrefix("/") else { return nil }
        return FilePath(state).appending("bypassio")
    }
}
