import CPosixCalls
import Foundation

/// A descriptor of this process; the last reference closes it.
final class RawFile: Sendable {
    let descriptor: Int32

    static let readOnly: Int32 = 0
    static let readWrite: Int32 = 2
    static let create: Int32 = 0o100

    init(_ path: String, _ flags: Int32 = readOnly, mode: UInt32 = 0o644) throws {
        let answer = unsafe call_open(path, flags, mode)
        guard answer >= 0 else { throw TestError("open \(path): \(answer)") }
        descriptor = Int32(answer)
    }

    deinit { _ = call_close(descriptor) }

    func status() throws -> call_status { try RawFile.status(of: "", at: descriptor) }

    static func status(of path: String, at directory: Int32 = -100) throws -> call_status {
        var status = call_status()
        let answer = unsafe call_status(
            directory, path, path.isEmpty ? CALL_AT_EMPTY_PATH : 0, &status)
        guard answer >= 0 else { throw TestError("statx \(path): \(answer)") }
        return status
    }
}
