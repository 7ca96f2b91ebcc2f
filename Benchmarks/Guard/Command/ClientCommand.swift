import ArgumentParser
import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Glibc
import SystemPackage

/// The program on the mount. It prints `ready` when everything is prepared and `done` after the
/// workload, and waits for a line before each next step, so that the guard counts the workload
/// alone.
struct ClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Runs a workload for the guard.", shouldDisplay: false)

    /// Marks the workload in a trace: no other call closes this descriptor.
    static let marker: Int32 = -7001

    @Argument(help: "The workload's name.")
    var route: String

    @Argument(help: "A folder on the mount with the workload's files.")
    var folder: String

    func run() throws {
        guard let route = ClientRoute(rawValue: route) else {
            throw ValidationError("no such workload")
        }
        let work = try prepare(route)
        step("ready")
        let before = Switches.ofThisProcess()
        _ = call_close(Self.marker)
        try work()
        _ = call_close(Self.marker)
        step("done \(Switches.ofThisProcess() - before)")
    }

    private func step(_ word: String) {
        print(word)
        fflush(nil)
        _ = readLine()
    }

    private func prepare(_ route: ClientRoute) throws -> () throws -> Void {
        let count = route.operations
        if route.readsFile {
            let reader = try PageReader("\(folder)/file", isDirect: route.isDirect)
            if route == .bypassedRead { try reader.enableBypass() }
            return { try reader.read(count * route.pages) }
        }
        let paths = (0..<count).map { "\(folder)/names/file\($0)" }
        switch route {
        case .lookup: return { for path in paths { try Self.look(at: path) } }
        case .stat:
            for path in paths { try Self.look(at: path) }
            return { for path in paths { try Self.look(at: path) } }
        default:
            for path in paths { try Self.look(at: path) }
            return {
                for path in paths {
                    let file = try FileDescriptor.open(FilePath(path), .readOnly)
                    try file.close()
                }
            }
        }
    }

    private static func look(at path: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw MeasurementError("stat \(path) failed")
        }
    }
}

extension ClientRoute {
    fileprivate var isDirect: Bool { self == .directRead || self == .bypassedRead }
}
