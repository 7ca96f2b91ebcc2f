import Foundation
import Minifilters

/// A line of an audit, read again.
struct AuditRecordLine: Decodable {
    let number: UInt64
    let time: String
    let operation: String
    let path: String?
    let newPath: String?
    let result: String?
    let user: UInt32?
    let process: Int32?
    let program: String?
    let session: Int32?
    let access: String?
    let truncated: Bool?
    let offset: UInt64?
    let length: UInt64?
    let readsThroughFilters: UInt64?
    let readsPastFilters: UInt64?
    let readsAtGate: UInt64?
    let readByKernel: Bool?
    let writes: UInt64?
    let bytesWritten: UInt64?
    let count: UInt64?
    let previous: String?

    enum CodingKeys: String, CodingKey {
        case number = "n"
        case time, operation, path, newPath, result, user, process, program, session, access
        case truncated, offset, length, readsThroughFilters, readsPastFilters, readsAtGate
        case readByKernel, writes, bytesWritten, count, previous
    }

    /// nil: no such line.
    init?(_ line: ArraySlice<UInt8>) {
        guard let record = try? JSONDecoder().decode(Self.self, from: Data(line)) else {
            return nil
        }
        self = record
    }

    var isDenied: Bool { result == "STATUS_ACCESS_DENIED" }

    /// The operation succeeded, or is a note of the trail.
    var isDone: Bool { result == nil || result == "ok" }

    /// A line for people.
    var text: String {
        var words = [time, operation]
        if let path { words.append(path.isEmpty ? "(the root)" : path) }
        if let newPath { words.append("→ \(newPath)") }
        if let access { words.append("(\(access))") }
        if let offset, let length { words.append("\(length) bytes at \(offset)") }
        if operation == "close", !totals.isEmpty { words.append(totals) }
        if let count { words.append("\(count) records") }
        if let result, result != "ok" { words.append(result) }
        if let process {
            words.append("— \(program ?? "?") (\(process)), user \(user ?? 0)")
        }
        return words.joined(separator: " ")
    }

    private var totals: String {
        var words: [String] = []
        for (count, what) in [
            (readsThroughFilters, "read"), (readsPastFilters, "read past the filters"),
            (readsAtGate, "read at the gate"),
        ] {
            if let count, count > 0 { words.append("\(count) × \(what)") }
        }
        if readByKernel == true { words.append("read by the kernel") }
        if let writes, writes > 0 {
            words.append("\(writes) × written, \(bytesWritten ?? 0) bytes")
        }
        return words.isEmpty ? "" : "[\(words.joined(separator: ", "))]"
    }
}

/// The files of an audit, the oldest first.
struct AuditFiles {
    /// What the journal printed.
    static let standardInput = "-"

    let paths: [String]

    /// - Parameter path: the file that is written now, or ``standardInput``.
    init(_ path: String) throws {
        guard path != Self.standardInput else {
            paths = [path]
            return
        }
        // All that are there: one that is missing between others breaks the chain.
        let place = URL(fileURLWithPath: path)
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: place.deletingLastPathComponent().path)
        let older = (names ?? []).compactMap { name -> Int? in
            let start = place.lastPathComponent + "."
            guard name.hasPrefix(start), let number = Int(name.dropFirst(start.count)) else {
                return nil
            }
            // FILE.01 is none that the filter made.
            return name == start + String(number) ? number : nil
        }.sorted(by: >).map { "\(path).\($0)" }
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(.noInput, "There is no audit \(path): name its file.")
        }
        paths = older + [path]
    }

    /// Calls `body` with each line, without its end, and with its place.
    func forEachLine(
        _ body: (_ line: ArraySlice<UInt8>, _ file: String, _ number: Int) throws -> Void
    ) throws {
        for path in paths {
            let isInput = path == Self.standardInput
            guard let handle = isInput ? .standardInput : FileHandle(forReadingAtPath: path) else {
                throw CommandError(.noInput, "\(path) cannot be read.")
            }
            let name = isInput ? "standard input" : path
            var rest: [UInt8] = []
            var number = 0
            while let piece = try read(handle, path), !piece.isEmpty {
                rest += piece
                while let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
                    let whole = rest[..<end].split(
                        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                    for line in whole {
                        number += 1
                        try body(line, name, number)
                    }
                    rest.removeSubrange(...end)
                }
            }
            if !rest.isEmpty { try body(rest[...], name, number + 1) }
        }
    }
    /// A file of which a part cannot be read is not one that ends there.
    private func read(_ handle: FileHandle, _ path: String) throws -> Data? {
        do {
            return try handle.read(upToCount: 1 << 20)
        } catch {
            throw CommandError(.noInput, "\(path) cannot be read to its end.")
        }
    }
}
