import Glibc
import SystemPackage

/// A line on standard error that fills up. Without a terminal only its beginning and end.
package struct ProgressBar {
    private let title: String
    private let total: UInt64
    private let isWatched: Bool
    private var shownPercent: UInt64?

    package init(_ title: String, total: UInt64) {
        self.title = title
        self.total = max(1, total)
        isWatched = isatty(FileDescriptor.standardError.rawValue) == 1
        if !isWatched { StandardOutput.complain(title) }
    }

    package mutating func show(_ done: UInt64) {
        let percent = min(100, done * 100 / total)
        guard isWatched, percent != shownPercent else { return }
        shownPercent = percent
        let width = 30
        let filled = Int(percent) * width / 100
        let bar =
            Colour.ofErrors.paint(String(repeating: "#", count: filled), .green)
            + String(repeating: ".", count: width - filled)
        StandardOutput.write("\r\(title) [\(bar)] \(percent) %", to: .standardError)
    }

    package func finish() {
        if isWatched { StandardOutput.write("\n", to: .standardError) }
    }
}
