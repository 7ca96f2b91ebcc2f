import Glibc
import SystemPackage

/// The source of the bytes to decode.
struct BufferSource {
    /// More than any structure has; a longer file is none of our buffers.
    private static let sizeLimit = 64 * 1024

    /// How long a FIFO's writer may take for its next bytes, in milliseconds.
    private static let patience: Int32 = 5000

    private let source: String

    init(_ source: String) {
        self.source = source
    }

    /// The bytes; throws a ``CommandError`` that says what to do.
    func bytes() throws -> [UInt8] {
        if source == "-" {
            return interpret(try read(.standardInput, named: "standard input"))
        }
        if let bytes = Self.hexadecimal(Array(source.utf8)) { return bytes }
        let descriptor: FileDescriptor
        do {
            // A FIFO without a writer would block for ever.
            descriptor = try FileDescriptor.open(
                ArgumentPath.path(source), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw CommandError(
                .noInput, "\"\(source)\" is neither \(wantedText) nor a file to read (\(error)).")
        }
        defer { _ = try? descriptor.close() }
        let content = try read(descriptor, named: source)
        if content.isEmpty, (try? descriptor.seek(offset: 0, from: .current)) == nil {
            throw CommandError(.noInput, "\(source) is a pipe that nobody writes to.")
        }
        return interpret(content)
    }

    /// Says how the hexadecimal digits are incomplete, if that is their only fault.
    private var wantedText: String {
        Self.digits(Array(source.utf8)).map { digits in
            digits.isEmpty
                ? "hexadecimal digits"
                : "an even number of hexadecimal digits (it has \(digits.count))"
        } ?? "hexadecimal digits"
    }

    /// Decodes text of hexadecimal digits; takes any other content as the bytes themselves.
    private func interpret(_ content: [UInt8]) -> [UInt8] {
        Self.hexadecimal(content) ?? content
    }

    private func read(_ descriptor: FileDescriptor, named name: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        do {
            while content.count <= Self.sizeLimit {
                let count: Int
                do {
                    count = unsafe try chunk.withUnsafeMutableBytes { buffer in
                        try unsafe descriptor.read(into: buffer)
                    }
                } catch Errno.resourceTemporarilyUnavailable {
                    try awaitData(descriptor)
                    continue
                }
                if count == 0 { return content }
                content += chunk[..<count]
            }
        } catch {
            throw CommandError(.noInput, "\(name) cannot be read: \(error).")
        }
        throw CommandError(
            .noInput, "\(name) holds more than \(Self.sizeLimit) bytes: no buffer is that long.")
    }

    /// Waits for the writer of a FIFO, e.g. that of a shell's `<(…)`.
    private func awaitData(_ descriptor: FileDescriptor) throws {
        var one = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        let answer = unsafe poll(&one, 1, Self.patience)
        guard answer != 0 else { throw Errno.timedOut }
    }

    /// Decodes hexadecimal digits with white space, colons, commas and 0x between the bytes; nil if
    /// the text is anything else, has an odd number of digits, or none.
    static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        guard let digits = digits(text), !digits.isEmpty, digits.count.isMultiple(of: 2) else {
            return nil
        }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// nil if the text has any other character than digits and their separators.
    private static func digits(_ text: [UInt8]) -> [UInt8]? {
        var digits: [UInt8] = []
        var rest = text[...]
        while let character = rest.popFirst() {
            if let digit = hexDigit(character) {
                // The 0 of 0x is no digit.
                if digit == 0, rest.first == UInt8(ascii: "x") || rest.first == UInt8(ascii: "X") {
                    rest.removeFirst()
                } else {
                    digits.append(digit)
                }
            } else if !isSeparator(character) {
                return nil
            }
        }
        return digits
    }

    private static func hexDigit(_ character: UInt8) -> UInt8? {
        Character(UnicodeScalar(character)).hexDigitValue.map(UInt8.init)
    }

    private static func isSeparator(_ character: UInt8) -> Bool {
        " \t\r\n:,".utf8.contains(character)
    }
}
