import CPosixCalls
import Foundation

/// Names: links, renames, special files.
extension ConformanceDirectory {
    @discardableResult
    func unlink(_ name: FileName) -> Answer {
        note("unlink \(name)", answer: unsafe call_unlink(name.bytes))
    }

    /// unlinkat(2) from the working directory; AT_REMOVEDIR is 0x200.
    @discardableResult
    func unlinkat(_ name: FileName, flags: Int32) -> Answer {
        note(
            "unlinkat \(name) flags \(flags)",
            answer: unsafe call_unlinkat(-100, name.bytes, flags))
    }

    @discardableResult
    func link(_ old: FileName, _ new: FileName, follow: Bool = false) -> Answer {
        let flags = follow ? CALL_AT_SYMLINK_FOLLOW : 0
        return note(
            "link \(old) \(new)\(follow ? " following" : "")",
            answer: unsafe call_link(old.bytes, new.bytes, flags))
    }

    @discardableResult
    func symlink(_ target: FileName, _ name: FileName) -> Answer {
        note("symlink \(target) \(name)", answer: unsafe call_symlink(target.bytes, name.bytes))
    }

    func readlink(_ name: FileName, capacity: Int = 8192) {
        var buffer = [UInt8](repeating: 0, count: max(capacity, 1))
        let answer = Answer(unsafe call_readlink(name.bytes, &buffer, capacity))
        let text = answer.isError ? "\(answer)" : ByteSummary.text(buffer.prefix(answer.count))
        note("readlink \(name) into \(capacity)", text)
    }

    @discardableResult
    func rename(_ old: FileName, _ new: FileName, _ flags: RenameFlags = []) -> Answer {
        note(
            "rename \(old) \(new)\(flags)",
            answer: unsafe call_rename(old.bytes, new.bytes, flags.rawValue))
    }

    @discardableResult
    func mknod(
        _ name: FileName, _ type: FileType, mode: UInt32 = 0o644, device: (UInt32, UInt32) = (0, 0)
    ) -> Answer {
        note(
            "mknod \(name) \(type)",
            answer: unsafe call_mknod(name.bytes, type.bits | mode, device.0, device.1))
    }

    /// Returns a listening socket's descriptor; the name must be short.
    func bindSocket(_ name: FileName) -> Int32 {
        let answer = Answer(unsafe call_bind_socket(name.bytes))
        note("bind \(name)", answer.withoutValue)
        return answer.descriptor
    }

    func connectSocket(_ name: FileName) {
        let answer = Answer(unsafe call_connect_socket(name.bytes))
        note("connect \(name)", answer.withoutValue)
    }

    /// Runs a program of this directory to its end.
    @discardableResult
    func run(_ name: FileName, argument: String? = nil) -> Answer {
        note("run \(name)", answer: unsafe call_run(name.bytes, argument))
    }

    /// Starts a program of this directory, and ends it after the body.
    func whileRunning(_ name: FileName, argument: String? = nil, _ body: () -> Void) {
        let process = Answer(unsafe call_start(name.bytes, argument))
        note("start \(name)", process.withoutValue)
        body()
        if !process.isError { note("end of \(name)", answer: call_end_and_wait(process.value)) }
    }

    /// Copies a program of the system into this directory.
    func copyProgram(_ program: String, to name: FileName, mode: UInt32 = 0o755) {
        let bytes = FileManager.default.contents(atPath: program).map { Array($0) } ?? []
        unrecorded { makeFile(name, bytes, mode: mode) }
        note("copy a program to \(name)", bytes.isEmpty ? "no such program" : "ok")
    }
}

/// The type of a directory entry, as mknod(2) takes it.
enum FileType: String, CustomStringConvertible, Sendable {
    case regular, directory, link, fifo, socket, characterDevice, blockDevice

    var description: String { rawValue }

    var bits: UInt32 {
        switch self {
        case .regular: 0o100000
        case .directory: 0o040000
        case .link: 0o120000
        case .fifo: 0o010000
        case .socket: 0o140000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        }
    }

    static func of(mode: UInt32) -> String {
        let all: [FileType] = [
            .regular, .directory, .link, .fifo, .socket, .characterDevice, .blockDevice,
        ]
        return all.first { $0.bits == mode & 0o170000 }?.rawValue ?? "type \(mode >> 12)"
    }
}
