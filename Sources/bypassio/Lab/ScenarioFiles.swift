import BypassIOLab
import Foundation
import Terminal

/// The scenario files of a command line: the named files, and all `.lab` files below the named
/// folders, in the order of their names.
struct ScenarioFiles {
    private(set) var paths: [String] = []
    private(set) var scenarios: [Scenario] = []
    /// Faults of files, one a line.
    private(set) var faults: [String] = []

    static let suffix = ".lab"
    /// A larger file is no scenario, and would only fill memory.
    private static let largestFile = 1 << 20

    /// Throws a ``CommandError`` for a file that cannot be read; collects the faults of malformed
    /// files.
    init(_ arguments: [String]) throws {
        for argument in arguments { try add(argument) }
        for path in paths {
            let text = try Self.text(path)
            do throws(Diagnostics) {
                scenarios.append(try Scenario(parsing: text, file: path))
            } catch {
                faults += error.all.map(\.description)
            }
        }
    }

    private mutating func add(_ argument: String) throws {
        var isFolder: ObjCBool = false
        let manager = FileManager.default
        guard unsafe manager.fileExists(atPath: argument, isDirectory: &isFolder) else {
            throw CommandError(.noInput, "\(argument) does not exist: name a scenario or a folder.")
        }
        guard isFolder.boolValue else { return paths.append(argument) }
        let names = manager.enumerator(atPath: argument)?.compactMap { $0 as? String } ?? []
        let found = names.filter { $0.hasSuffix(Self.suffix) }.sorted()
        guard !found.isEmpty else {
            throw CommandError(.noInput, "\(argument) holds no scenario (*\(Self.suffix)).")
        }
        paths += found.map { argument.hasSuffix("/") ? argument + $0 : "\(argument)/\($0)" }
    }

    /// Throws a ``CommandError`` for a file that cannot be read or is too large.
    static func text(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandError(.noInput, "\(path) cannot be read: check path and rights.")
        }
        let data: Data
        do {
            data = try handle.read(upToCount: largestFile + 1) ?? Data()
        } catch {
            throw CommandError(.noInput, "\(path) cannot be read: it is no file.")
        }
        guard data.count <= largestFile else {
            throw CommandError(.malformed, "\(path) is larger than a scenario may be (1 MiB).")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Prints the faults; throws the exit code if there are any.
    func demandNoFaults() throws {
        guard !faults.isEmpty else { return }
        faults.forEach { StandardOutput.complain($0.onOneLine) }
        throw CommandStatus.malformed.exitCode
    }
}
