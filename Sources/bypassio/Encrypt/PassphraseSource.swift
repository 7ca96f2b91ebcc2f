import Encryption
import SystemPackage

/// Where a passphrase comes from. It is never an argument, which every user may list.
enum PassphraseSource {
    /// The first line of a file.
    case file(String)
    /// The first line that a program prints.
    case program(String)

    /// In bytes.
    private static let longest = 2048
    /// For the program, which may ask somebody.
    private static let patience: Duration = .seconds(120)

    /// Throws a ``CommandError`` unless one of the two is named.
    init(passfile: String?, extpass: String?, wanting words: String) throws {
        switch (passfile, extpass) {
        case (let file?, nil): self = .file(file)
        case (nil, let command?): self = .program(command)
        case (nil, nil): throw CommandError(.usage, words)
        case (_?, _?):
            throw CommandError(
                .usage, "passfile and extpass are both named: a passphrase has one source.")
        }
    }

    /// Throws a ``CommandError`` that names the source, and never the passphrase.
    func passphrase() throws -> Secret {
        switch self {
        case .file(let name): try Self.line(ofFile: name)
        case .program(let command): try Self.line(ofProgram: command)
        }
    }

    private static func line(ofFile name: String) throws -> Secret {
        let source = "The passfile \(name)"
        do {
            let file = try FileDescriptor.open(
                ArgumentPath.path(name), .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                try unsafe firstLine(source) { try unsafe file.read(into: $0) }
            }
        } catch let error as Errno {
            throw CommandError(
                .noInput, "\(source) cannot be read (\(error)): check path and rights.")
        }
    }

    private static func line(ofProgram command: String) throws -> Secret {
        let words = command.split(separator: " ").map(String.init)
        let source = "The program of extpass (\(words.first ?? "none"))"
        let program = try PassphraseProgram(words, within: patience)
        let line: Secret?
        var failure: (any Error)?
        do {
            line = try unsafe firstLine(source) { try unsafe program.read(into: $0) ?? 0 }
        } catch {
            (line, failure) = (nil, error)
        }
        guard let code = program.waitForEnd() else {
            throw CommandError(
                .unavailable, "\(source) has not ended after \(patience.components.seconds) s.")
        }
        guard code == 0 else {
            throw CommandError(.unavailable, "\(source) failed, with \(code).")
        }
        guard let line else {
            throw failure as? CommandError
                ?? CommandError(.unavailable, "\(source) cannot be read.")
        }
        return line
    }

    /// - Parameter read: as read(2). Throws a ``CommandError``, and what it throws.
    private static func firstLine(
        _ source: String, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Secret {
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        defer { Secret.wipe(&bytes) }
        var count = 0
        while count < bytes.count, !bytes[..<count].contains(UInt8(ascii: "\n")) {
            let start = count
            let got = try unsafe bytes.withUnsafeMutableBytes { all in
                try unsafe read(UnsafeMutableRawBufferPointer(rebasing: all[start...]))
            }
            if got == 0 { break }
            count += got
        }
        let end = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) ?? count
        guard end > 0 else {
            throw CommandError(.noInput, "\(source) gives no passphrase: its first line is empty.")
        }
        guard end <= longest else {
            throw CommandError(
                .noInput, "\(source) gives a line of more than \(longest) bytes.")
        }
        return Secret(taking: &bytes, count: end)
    }
}
