import Foundation
import Testing

@testable import BypassIOLab

/// The scenarios of the repository.
enum ShippedFiles {
    struct File: Sendable, CustomTestStringConvertible {
        /// The path from the folder of scenarios.
        let path: String
        let text: String
        var testDescription: String { path }
    }

    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    static let folder = "\(root)/Scenarios"

    static let rules = text("\(folder)/rules.txt")

    static let all: [File] = names(folder).sorted().flatMap { section in
        names("\(folder)/\(section)").sorted().filter { $0.hasSuffix(".lab") }.map { name in
            File(path: "\(section)/\(name)", text: text("\(folder)/\(section)/\(name)"))
        }
    }

    static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private static func names(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }
}

/// The faults of a file; empty if it has none.
func faults(_ source: String) -> [Diagnostic] {
    do throws(Diagnostics) {
        _ = try Scenario(parsing: source, file: "test.lab")
        return []
    } catch {
        return error.all
    }
}
