import ArgumentParser
import BypassIOClient
import BypassIOProtocol
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio fsctl`: sends one FSCTL_MANAGE_BYPASS_IO, and shows what went down and what came back.
struct FsctlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsctl",
        abstract: "Send one control to a file of a mounted volume, and show both buffers.",
        discussion: """
            OPERATION is one of \(FsctlOperation.words), the name in Windows' headers such as \
            FS_BPIO_OP_QUERY, or a number, also one that is not defined. The file is opened for \
            reading, past the page cache, and closed after the answer: so what enable brings ends \
            with the command, while a pause stays until somebody resumes.

            Exit codes: 0 done, 1 the control failed or somebody refuses, 64 usage, 66 no such \
            file, not readable, or on no mounted volume, 70 internal error, 75 no answer within 5 \
            seconds.
            """)

    @Argument(help: "A file or directory of a mounted volume.")
    var path: String

    @Argument(help: "What to send.")
    var operation: FsctlOperation

    @Flag(help: "Ask filters and file system, not the drivers of volume and storage.")
    var skipStorage = false

    @Option(
        help: ArgumentHelp(
            "How many bytes the answer may have; \(FSBypassIOOutput.size) holds every answer.",
            valueName: "bytes"))
    var outputLength = FSBypassIOOutput.size

    @Flag(help: "Show the buffers' bytes instead of their fields.")
    var hex = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (0...65_536).contains(outputLength) else {
            throw ValidationError("--output-length takes 0 to 65536 bytes.")
        }
    }

    func run() throws {
        try reportingErrors {
            let exchange = try exchange(with: try open(ArgumentPath.answering(path)))
            if json {
                try JSONOutput.print(exchange)
            } else {
                StandardOutput.write(exchange.text(hex: hex), to: .standardOutput)
            }
            if exchange.isRefused { throw CommandStatus.notSupported.exitCode }
        }
    }

    /// Past the page cache: a handle that uses it would suspend the bypass of others.
    private func open(_ place: FilePath) throws -> OwnedDescriptor {
        do throws(Errno) {
            do throws(Errno) {
                return try SystemCall.open(place, [.readOnly, .direct, .nonBlocking])
            } catch .invalidArgument {
                return try SystemCall.open(place, [.readOnly, .nonBlocking])
            }
        } catch {
            throw HostPath.error(path, error, at: place)
        }
    }

    private func exchange(with file: borrowing OwnedDescriptor) throws -> FsctlExchange {
        let flags: BypassIOInputFlags = skipStorage ? .skipStorageStackQuery : []
        let input = FSBypassIOInput(operation: operation.value, flags: flags)
        let bytes = try input.encodedBytes()
        do throws(BypassIOClientError) {
            let (status, output) = try BypassIOClient(file.descriptor)
                .send(.manageBypassIO, bytes, outputLength: outputLength)
            return FsctlExchange(input: bytes, status: status, output: output)
        } catch {
            throw CommandError(.noInput, "\(path): \(error)")
        }
    }
}

/// An operation as a person writes it.
struct FsctlOperation: ExpressibleByArgument, Sendable {
    let value: BypassIOOperation

    private static let names: [(word: String, value: BypassIOOperation)] = [
        ("enable", .enable), ("disable", .disable), ("query", .query),
        ("volume-pause", .volumeStackPause), ("volume-resume", .volumeStackResume),
        ("pause", .streamPause), ("resume", .streamResume), ("info", .getInfo),
    ]

    static let words = names.map(\.word).joined(separator: ", ")
    static var allValueStrings: [String] { names.map(\.word) }

    init?(argument: String) {
        if let known = Self.names.first(where: { $0.word == argument.lowercased() }) {
            value = known.value
        } else if let known = BypassIOOperation.all.first(where: {
            $0.windowsName == argument.uppercased()
        }) {
            value = known
        } else if let number = Self.number(argument) {
            value = BypassIOOperation(rawValue: number)
        } else {
            return nil
        }
    }

    private static func number(_ text: String) -> UInt32? {
        text.lowercased().hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }
}

/// A control that was sent, and its answer.
struct FsctlExchange: Encodable {
    private let controlCode = ControlCode.manageBypassIO.rawValue
    /// Of the control as a whole. A veto is no failure of it: the answer has it.
    private let ntStatus: UInt32
    private let ntStatusName: String?
    private let message: String
    private let input: Buffer
    private let output: Buffer
    /// The control failed, or the answer is a refusal.
    let isRefused: Bool

    private struct Buffer: Encodable {
        let bytes: [UInt8]
        let decoded: DecodedBuffer

        init(_ bytes: [UInt8], _ kind: DecodedBuffer.Kind) {
            self.bytes = bytes
            decoded = DecodedBuffer(bytes, as: kind)
        }

        private enum Keys: String, CodingKey { case hex, decoded }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(bytes.map(Hexadecimal.byte).joined(), forKey: .hex)
            try container.encode(decoded, forKey: .decoded)
        }

        func lines(_ title: String, hex: Bool) -> [String] {
            guard !bytes.isEmpty else { return ["\(title): no bytes"] }
            let body =
                hex
                ? Hexadecimal.dump(bytes)
                : decoded.text().split(separator: "\n").map { String($0) }
            return ["\(title):"] + body.map { "  \($0)" }
        }
    }

    init(input: [UInt8], status: NTStatus, output: [UInt8]) {
        ntStatus = status.rawValue
        ntStatusName = status.name
        message = status.message
        self.input = Buffer(input, .input)
        self.output = Buffer(output, .output)
        let answer = try? FSBypassIOOutput(decoding: output.span)
        isRefused = status.isError || answer?.results?.status.isError == true
    }

    func text(hex: Bool) -> String {
        let code = Hexadecimal.word(controlCode)
        let status = Hexadecimal.word(ntStatus)
        let lines =
            input.lines("FSCTL_MANAGE_BYPASS_IO (\(code)), sent", hex: hex)
            + ["Status: \(status) \(ntStatusName ?? "") (\(message))"]
            + output.lines("Answer", hex: hex)
        return lines.map { $0 + "\n" }.joined()
    }
}

/// Bytes as people read them.
private enum Hexadecimal {
    static func byte(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    static func word(_ word: UInt32) -> String {
        let digits = String(word, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Sixteen bytes a line behind their offset, and the text they may be.
    static func dump(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let row = bytes[start..<min(start + 16, bytes.count)]
            let offset = String(start, radix: 16)
            let margin = String(repeating: "0", count: max(0, 4 - offset.count))
            let digits = row.map(byte).joined(separator: " ")
            let gap = String(repeating: " ", count: 48 - digits.count)
            let text = String(
                decoding: row.map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") },
                as: UTF8.self)
            return "\(margin)\(offset)  \(digits)\(gap)  \(text)"
        }
    }
}
