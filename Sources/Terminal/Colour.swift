import Foundation
import Glibc
import SystemPackage

/// Colours, for people alone: none if the lines go to a file or a pipe, if NO_COLOR is set to any
/// value (no-color.org), or on a terminal without colours.
package struct Colour: Sendable {
    package enum Hue: Int, Sendable {
        case red = 31
        case green = 32
    }

    /// For standard error, as it was when this program began.
    package static let ofErrors = Colour(
        isTerminal: isatty(FileDescriptor.standardError.rawValue) == 1,
        environment: ProcessInfo.processInfo.environment)

    private let isShown: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isShown = isTerminal && !isRefused && environment["TERM"] != "dumb"
    }

    /// The text in that colour, or unchanged.
    package func paint(_ text: String, _ hue: Hue) -> String {
        isShown && !text.isEmpty ? "\u{1B}[\(hue.rawValue)m\(text)\u{1B}[0m" : text
    }
}
