import Foundation
import SystemPackage

/// Settings from a file: `name = value` or `name` on a line; `#` begins a comment. The names are
/// those of -o; `filter = NAME=ALTITUDE,key=value` may come several times.
extension MountSettings {
    mutating func apply(file: String) throws {
        guard let content = FileManager.default.contents(atPath: file) else {
            throw CommandError(
                .noInput, "The configuration file \(file) cannot be read: check path and rights.")
        }
        let lines = String(decoding: content, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            if text.isEmpty { continue }
            do {
                try apply(line: text)
            } catch let error as CommandError {
                throw CommandError(error.status, "\(file):\(index + 1): \(error.message)")
            }
        }
    }

    private mutating func apply(line: String) throws {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        if parts[0] == "config" {
            throw CommandError(.usage, "One file cannot name another: put everything into one.")
        }
        if parts[0] == "filter", parts.count == 2 {
            return filters.append(try FilterSetting(parts[1]))
        }
        try apply(parts[0], parts.count == 2 ? parts[1] : nil)
    }
}
