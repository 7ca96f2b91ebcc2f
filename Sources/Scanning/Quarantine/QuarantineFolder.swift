import FoundationEssentials
import Glibc
public import IOStack
import LinuxKit
public import SystemPackage

/// A directory of files that hold signatures, each with what is known of it beside, in JSON.
///
/// Any thread.
public final class QuarantineFolder: Quarantining {
    private struct Note: Codable {
        let path, signature: String
        let user, group, permissions: UInt32
        let size: UInt64
    }

    private static let piece = 1 << 20

    private let path: FilePath
    private let directory: OwnedDescriptor

    /// Throws a ``QuarantineFault`` where it is no directory of this process' user alone.
    public init(_ path: FilePath) throws(QuarantineFault) {
        self.path = path
        do throws(Errno) {
            directory = try SystemCall.open(path, [.readOnly, .directory])
            let status = try SystemCall.status(of: directory.descriptor)
            guard status.user == geteuid(), status.mode & 0o077 == 0 else {
                throw Errno.notPermitted
            }
        } catch {
            throw QuarantineFault(
                error == .notPermitted
                    ? "\(path) is not this user's alone (chmod 700)"
                    : "\(path) cannot be opened (\(error))")
        }
    }

    public func take(
        _ file: InfectedFile, read: (UInt64, Int) throws(IOFailure) -> [UInt8]
    ) throws(QuarantineFault) -> String {
        let name = Self.name(file)
        do {
            let copy = try SystemCall.open(
                FilePath(name), at: directory.descriptor,
                [.writeOnly, .create, .exclusive, .noFollow], mode: 0o400)
            do {
                try Self.copy(to: copy.descriptor, read)
                try note(file, name)
            } catch {
                try? SystemCall.unlink(FilePath(name), at: directory.descriptor)
                throw error
            }
        } catch let fault as QuarantineFault {
            throw fault
        } catch {
            throw QuarantineFault("\(path)/\(name) cannot be written (\(error))")
        }
        return "\(path)/\(name)"
    }

    /// No two files have the same, and none leads elsewhere.
    private static func name(_ file: InfectedFile) -> String {
        let last = file.path.split(separator: "/").last.map(String.init) ?? "file"
        let shown = last.unicodeScalars.map { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic
                    || "0123456789-_.".unicodeScalars.contains(scalar))
                ? Character(scalar) : "_"
        }
        let changed = file.status.changeTime
        return "\(file.status.id.inode)-\(changed.seconds).\(changed.nanoseconds)-"
            + String(shown.prefix(100))
    }

    private static func copy(
        to descriptor: FileDescriptor, _ read: (UInt64, Int) throws(IOFailure) -> [UInt8]
    ) throws {
        var offset: UInt64 = 0
        while true {
            let bytes: [UInt8]
            do throws(IOFailure) {
                bytes = try read(offset, piece)
            } catch {
                throw QuarantineFault("the file cannot be read (\(error))")
            }
            guard !bytes.isEmpty else { break }
            try SystemCall.writeAll(bytes, to: descriptor, at: Int64(clamping: offset))
            offset += UInt64(bytes.count)
        }
        try SystemCall.syncData(descriptor)
    }

    private func note(_ file: InfectedFile, _ name: String) throws {
        let status = file.status
        let note = Note(
            path: file.path, signature: file.signature, user: status.userID,
            group: status.groupID, permissions: status.permissions, size: status.size)
        let bytes = [UInt8](try JSONEncoder().encode(note)) + [UInt8(ascii: "\n")]
        let place = FilePath(name + ".json")
        let text = try SystemCall.open(
            place, at: directory.descriptor, [.writeOnly, .create, .exclusive, .noFollow],
            mode: 0o400)
        try SystemCall.writeAll(bytes, to: text.descriptor, at: 0)
    }
}
