public import ArgumentParser
import BypassIOProtocol
import SystemPackage
import Terminal

/// `bypassio decode`: explains a raw input or output buffer of either control code.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Turn a raw FS_BPIO_* or BPIO_* buffer into text or JSON.",
        discussion: """
            The buffer is given as hexadecimal digits (spaces, colons and 0x are fine), as the \
            name of a file that holds its bytes, or as - for standard input. Standard input may \
            hold either.

            Exit codes: 0 well-formed, 1 malformed (what is wrong is printed), 64 usage, 66 \
            neither hexadecimal nor a file that can be read.
            """)

    @Argument(help: "Hexadecimal digits, a file, or - for standard input.")
    var source: String

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("What the buffer is, if its size does not tell.", valueName: "kind"))
    var kind: DecodedBuffer.Kind?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try reportingErrors {
            let buffer = DecodedBuffer(try BufferSource(source).bytes(), as: kind)
            if json {
                try JSONOutput.print(buffer)
            } else {
                StandardOutput.write(buffer.text(), to: .standardOutput)
            }
            if !buffer.problems.isEmpty { throw CommandStatus.notSupported.exitCode }
        }
    }
}

extension DecodedBuffer.Kind: ExpressibleByArgument {}
