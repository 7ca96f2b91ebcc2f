import BypassIOProtocol
import Glibc
import LinuxKit
package import SystemPackage

/// Where the socket of a mount's control interface is: a directory of the service's user, and a
/// name that the mount point makes.
package struct ControlPlace: Sendable, Hashable {
    package let directory: FilePath
    package let name: String
    /// The directory is made, and must be nobody else's; false for a place that was asked for.
    let isUsual: Bool

    package var path: FilePath { directory.appending(name) }

    /// Where somebody wants it.
    package init(path: FilePath) {
        let folder = path.removingLastComponent()
        directory = folder.isEmpty ? "." : folder
        name = path.lastComponent?.string ?? ""
        isUsual = false
    }

    /// Where `user` has it.
    ///
    /// - Parameters:
    ///   - mountPoint: absolute, without links.
    ///   - runtimeDirectory: XDG_RUNTIME_DIR of that user; nil where it is not known.
    package init(mountPoint: FilePath, user: UInt32, runtimeDirectory: String?) {
        directory = Self.directory(of: user, runtimeDirectory)
        name = Self.name(of: mountPoint)
        isUsual = true
    }

    /// Where this process' user has it.
    package static func own(_ mountPoint: FilePath) -> ControlPlace {
        of(mountPoint, user: geteuid())
    }

    /// Where the service of another user has it, as far as one can know.
    package static func of(_ mountPoint: FilePath, user: UInt32) -> ControlPlace {
        let mine = user == geteuid() ? unsafe getenv("XDG_RUNTIME_DIR") : nil
        return ControlPlace(
            mountPoint: mountPoint, user: user,
            runtimeDirectory: unsafe mine.map { unsafe String(cString: $0) })
    }

    private static func directory(of user: UInt32, _ runtimeDirectory: String?) -> FilePath {
        if user == 0 { return "/run/bypassio" }
        if let text = runtimeDirectory, text.hasPrefix("/") {
            return FilePath(text).appending("bypassio")
        }
        let usual = FilePath("/run/user/\(user)")
        if let status = try? SystemCall.status(of: usual, followingLinks: false),
            status.isDirectory
        {
            return usual.appending("bypassio")
        }
        return FilePath("/tmp/bypassio-\(user)")
    }

    // MARK: The name

    /// Of the escaped path, bytes: what is longer is cut, and told apart by a hash.
    private static let longest = 64

    /// As `systemd-escape --path` writes it, and `.sock`.
    package static func name(of mountPoint: FilePath) -> String {
        let text = escaped(Array(mountPoint.string.utf8))
        guard text.utf8.count > longest else { return text + ".sock" }
        let hash = String(fingerprint(of: Array(mountPoint.string.utf8)), radix: 16)
        return "\(text.prefix(longest - 17))-\(hash).sock"
    }

    private static func escaped(_ path: [UInt8]) -> String {
        let parts = path.split(separator: UInt8(ascii: "/"))
        guard !parts.isEmpty else { return "-" }
        return parts.enumerated().map { index, part in
            part.enumerated().map { place, byte in
                switch byte {
                case UInt8(ascii: "."): index == 0 && place == 0 ? "\\x2e" : "."
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: ":"), UInt8(ascii: "_"):
                    String(UnicodeScalar(byte))
                default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
            }.joined()
        }.joined(separator: "-")
    }

    /// FNV-1a.
    private static func fingerprint(of bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

/// Where clients of a control interface come in, and what those who come there may do.
protocol ControlDoor: Sendable {
    /// Takes connections; listens already, and does not wait.
    var descriptor: FileDescriptor { get }

    /// How a debugger calls the thread that takes them.
    var threadName: String { get }

    /// Who comes here is known before the first request: the kernel tells.
    var knowsItsClients: Bool { get }

    /// Why a connection is not taken; nil where it may ask.
    func refusal(of client: FileDescriptor) -> ControlFault?

    /// Why a request is not answered; nil where it is. Judged before its body is read.
    func refusal(of request: RequestHead) -> ControlFault?

    /// Takes no more clients. Any thread.
    func close()
}
