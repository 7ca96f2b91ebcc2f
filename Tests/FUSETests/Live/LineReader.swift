import Foundation
import SystemPackage

/// Lines of another process; the wait for each has a limit.
final class LineReader: @unchecked Sendable {
    private let condition = NSCondition()
    private var lines: [String] = []
    private var isAtEnd = false

    init(_ file: FileHandle) {
        Thread.detachNewThread { [self] in
            var rest: [UInt8] = []
            // FileHandle's own read waits for the full length.
            let pipe = FileDescriptor(rawValue: file.fileDescriptor)
            var chunk = [UInt8](repeating: 0, count: 4096)
            while let count = try? unsafe chunk.withUnsafeMutableBytes({
                unsafe try pipe.read(into: $0)
            }), count > 0 {
                rest += chunk[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    add(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
            condition.withLock {
                isAtEnd = true
                condition.broadcast()
            }
        }
    }

    private func add(_ line: String) {
        condition.withLock {
            lines.append(line)
            condition.broadcast()
        }
    }

    /// The next line, within 100 seconds.
    func next() throws -> String {
        let end = Date().addingTimeInterval(100)
        return try condition.withLock {
            while lines.isEmpty {
                if isAtEnd { throw TinyService.Problem(description: "the service is gone") }
                if !condition.wait(until: end) {
                    throw TinyService.Problem(description: "the service does not answer")
                }
            }
            return lines.removeFirst()
        }
    }
}
