import Foundation
import Glibc
import SystemPackage

/// A program's calls on mounted files, on a thread of its own, because they may wait. After 100
/// seconds the test kills the service, and the thread ends.
enum Client {
    struct Stuck: Error {}

    /// A call that continues while the test does something else.
    final class Call<R: Sendable>: @unchecked Sendable {
        private let condition = NSCondition()
        private var result: Result<R, any Error>?

        init(_ body: @escaping @Sendable () throws -> R) {
            Thread.detachNewThread { [self] in
                let outcome = Result(catching: body)
                condition.withLock {
                    result = outcome
                    condition.broadcast()
                }
            }
        }

        var isDone: Bool { condition.withLock { result != nil } }

        func value() throws -> R {
            let end = Date().addingTimeInterval(100)
            return try condition.withLock {
                while result == nil { if !condition.wait(until: end) { throw Stuck() } }
                guard let result else { throw Stuck() }
                return try result.get()
            }
        }
    }

    static func call<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> R {
        try Call(body).value()
    }

    static func read(_ path: String, limit: Int = 1 << 20, at offset: Int = 0) throws -> [UInt8] {
        try call { try content(path, limit: limit, at: offset) }
    }

    /// Up to `limit` bytes of a file from an offset on; on the calling thread.
    static func content(_ path: String, limit: Int, at offset: Int = 0) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        defer { try? file.close() }
        return try bytes(file, limit, offset)
    }

    static func bytes(_ file: FileDescriptor, _ limit: Int, _ offset: Int = 0) throws -> [UInt8] {
        var content = [UInt8](repeating: 0, count: limit)
        let count = try unsafe content.withUnsafeMutableBytes {
            unsafe try file.read(fromAbsoluteOffset: Int64(offset), into: $0)
        }
        return Array(content.prefix(count))
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    static func open(_ path: String, _ mode: FileDescriptor.AccessMode = .readOnly) throws
        -> FileDescriptor
    {
        try call { try FileDescriptor.open(FilePath(path), mode) }
    }

    static func status(_ path: String) throws -> stat {
        try call {
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { throw Errno(rawValue: Glibc.errno) }
            return status
        }
    }

    static func names(_ path: String) throws -> [String] {
        try call { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// The error of a failing call; nil if it succeeds.
    static func error<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> Errno? {
        do {
            _ = try call(body)
            return nil
        } catch let error as Errno {
            return error
        }
    }
}
