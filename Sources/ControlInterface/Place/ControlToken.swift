import Glibc
import LinuxKit
package import SystemPackage

/// What a client of a ``ControlPort`` has to know. It comes from a file, because every user sees
/// the command lines of all processes.
package struct ControlToken: Sendable {
    /// Why a file has none, in a sentence without an end.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case unreadable(FilePath, Errno)
        case noFile(FilePath)
        case foreign(FilePath, user: UInt32)
        case open(FilePath, mode: UInt32)
        case tooShort(FilePath, bytes: Int)
        case tooLong(FilePath)
        case unsendable(FilePath)

        package var description: String {
            switch self {
            case .unreadable(let path, let errno): "\(path) cannot be read: \(errno)"
            case .noFile(let path): "\(path) is no regular file"
            case .foreign(let path, let user):
                "\(path) is user \(user)'s, and must be this user's or root's"
            case .open(let path, let mode):
                "\(path) has the mode \(String(mode, radix: 8)), and must have 600 or 400: "
                    + "chmod 600 \(path)"
            case .tooShort(let path, let bytes):
                "\(path) has a token of \(bytes) bytes, and \(shortest) are the least"
            case .tooLong(let path): "\(path) has more than \(longest) bytes"
            case .unsendable(let path):
                "\(path) has a token that no header can carry: write letters, digits and -._~+/ "
                    + "on one line"
            }
        }
    }

    /// Bytes. What is shorter can be guessed.
    package static let shortest = 16
    package static let longest = 4096

    private let bytes: [UInt8]

    /// The file's content, without white space at its end.
    package init(file: FilePath) throws(Failure) {
        let status: FileStatus
        var content: [UInt8]
        do throws(Errno) {
            // A pipe is not waited for.
            let opened = try SystemCall.open(file, [.readOnly, .nonBlocking])
            status = try SystemCall.status(of: opened.descriptor)
            content =
                status.isRegularFile ? try Self.beginning(of: opened.descriptor) : []
        } catch {
            throw .unreadable(file, error)
        }
        guard status.isRegularFile else { throw .noFile(file) }
        guard status.user == geteuid() || status.user == 0 else {
            throw .foreign(file, user: status.user)
        }
        let mode = UInt32(status.mode) & 0o7777
        guard mode == 0o600 || mode == 0o400 else { throw .open(file, mode: mode) }
        guard content.count <= Self.longest else { throw .tooLong(file) }
        while let last = content.last, Self.isBlank(last) { content.removeLast() }
        guard content.count >= Self.shortest else {
            throw .tooShort(file, bytes: content.count)
        }
        guard content.allSatisfy(Self.isSendable) else { throw .unsendable(file) }
        bytes = content
    }

    private static func beginning(of file: FileDescriptor) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        let count = try SystemCall.read(file, into: &bytes, at: 0)
        return Array(bytes.prefix(count))
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t")]
            .contains(byte)
    }

    private static let marks = Set("-._~+/=".utf8)

    /// RFC 6750, 2.1.
    private static func isSendable(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: marks.contains(byte)
        }
    }

    /// Takes as long for every token that is given: how much of it is right does not show.
    func isSame(_ given: [UInt8]) -> Bool {
        var difference = bytes.count ^ given.count
        for index in bytes.indices {
            let other = given.isEmpty ? 0 : given[index % given.count]
            difference |= Int(bytes[index] ^ other)
        }
        return difference == 0
    }
}
