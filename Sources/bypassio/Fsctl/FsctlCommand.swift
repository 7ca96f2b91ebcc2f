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
