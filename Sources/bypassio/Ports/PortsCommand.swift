import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Glibc
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio ports`: where programs talk to the filters of a mount.
struct PortsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ports",
        abstract: "List the ports of a mount's filters, or talk to one.",
        discussion: """
            With a port's name it connects: each line of standard input is sent, and each line that \
            comes is printed, until either ends. The lines are JSON: docs/ports.md describes them.

            Exit codes: 0 shown; or standard input or the connection is at its end, 1 the filter \
            is not attached, 64 usage, 66 no bypassio volume there, or no such port, 69 no control \
            interface, 75 no answer, or no room at the port, 77 not permitted, or the filter \
            refuses.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    @Argument(help: "The port to connect to.")
    var port: String?

    @Option(help: ArgumentHelp("Text for the filter, as it is connected to.", valueName: "text"))
    var context: String?

    @Flag(help: "Print the list as JSON.")
    var json = false

    func validate() throws {
        guard port != nil || context == nil else {
            throw ValidationError("--context is for a connection: name the port.")
        }
        guard port == nil || !json else {
            throw ValidationError("--json is for the list: name no port.")
        }
    }

    func run() throws {
        try reportingErrors {
            let asked = try place.client(mountPoint)
            if let port { return try talk(asked, port) }
            let ports = try asked.ask { client throws(ControlClientError) in
                try client.get("/v1/ports", as: [PortReport].self)
            }
            if json { return try JSONOutput.print(ports) }
            guard !ports.isEmpty else {
                return StandardOutput.print("No filter there has a port.")
            }
            for port in ports { StandardOutput.print(port.words.onOneLine) }
        }
    }

    private func talk(_ asked: MountControlClient, _ port: String) throws {
        let exchange = try asked.ask { client throws(ControlClientError) in
            try client.connect(port: port, context: context)
        }
        do throws(Errno) {
            try OwnThread.start(named: "standard input") {
                while let line = readLine(strippingNewline: true) {
                    guard exchange.send(Array((line + "\n").utf8)) else { return }
                }
                exchange.finishSending()
            }.detach()
        } catch {
            throw CommandError(.internalError, "No thread is to be had: \(error).")
        }
        var rest: [UInt8] = []
        exchange.receive { piece in
            rest += piece
            while let end = rest.firstIndex(of: 0x0A) {
                StandardOutput.print(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeFirst(end + 1)
            }
        }
    }
}

extension PortReport {
    fileprivate var words: String {
        "\(name)  filter \(filter), \(connections) of \(limit) connections, \(sent) messages sent, "
            + "\(received) received"
    }
}
