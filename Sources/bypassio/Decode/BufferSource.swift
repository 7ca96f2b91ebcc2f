import SystemPackage

/// Where the bytes to decode come from.
struct BufferSource {
    /// More than any structure has; what is longer is no buffer of ours.
    private static let sizeLimit = 64 * 1024

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
            // A FIFO without a writer would keep us waiting for good.
            descriptor = try FileDescriptor.open(
                FilePath(source), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw CommandError(
                .noInput,
                "\(source) is neither hexadecimal digits nor a file that can be read (\(error)).")
        }
        defer { _ = try? descriptor.close() }
        return interpret(try read(descriptor, named: source))
    }

    /// Text of hexadecimal digits is what it says; anything else is the bytes themselves.
    private func interpret(_ content: [UInt8]) -> [UInt8] {
        Self.hexadecimal(content) ?? content
    }

    private func read(_ descriptor: FileDescriptor, named name: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        do {
            while content.count <= Self.sizeLimit {
                let count = unsafe try chunk.withUnsafeMutableBytes { buffer in
                    try unsafe descriptor.read(into: buffer)
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

    /// Hexadecimal digits with white space, colons, commas and 0x between the bytes; nil if it is
    /// anything else, has an odd number of digits, or none.
    static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
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
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func hexDigit(_ character: UInt8) -> UInt8? {
        Character(UnicodeScalar(character)).hexDigitValue.map(UInt8.init)
    }

    private static func isSeparator(_ character: UInt8) -> Bool {
        " \t\r\n:,".utf8.contains(character)
    }
}
