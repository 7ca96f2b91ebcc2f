import CPosixCalls
import Foundation

/// A client process that works on the mount until it meets an error.
struct CrashClient {
    enum Kind: String, CaseIterable {
        case records, direct, read, hold, names, map
    }

    static let recordBytes = 4096

    let kind: Kind
    private let program: RunningProgram

    init(_ kind: Kind, on mount: LiveMount, seconds: Int = 120) throws {
        guard let exerciser = BuiltPrograms.exerciser else {
            throw TestError("no bypassio-exerciser was built")
        }
        self.kind = kind
        program = try RunningProgram(
            Program(
                exerciser,
                [
                    "client", "--kind", kind.rawValue, "--directory", mount.mountpoint,
                    "--seconds", "\(seconds)",
                ]))
    }

    /// The number of successful steps: their bytes have been synced.
    var acknowledged: Int { lines.last { $0.hasPrefix("acknowledged ") }.flatMap(number) ?? 0 }

    /// The last line, e.g. `error fsync: ENOTCONN`; nil while the client works.
    var end: String? { lines.last.flatMap { $0.hasPrefix("acknowledged ") ? nil : $0 } }

    private var lines: [String] {
        // The last line may be incomplete.
        let text = program.outputSoFar
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            String($0)
        }
    }

    private func number(_ line: String) -> Int? {
        line.split(separator: " ").last.flatMap { Int($0) }
    }

    func waitUntilAcknowledged(_ count: Int, within seconds: Double) throws {
        let limit = Date(timeIntervalSinceNow: seconds)
        while acknowledged < count {
            guard Date() < limit, end == nil else {
                throw TestError(
                    "client \(kind): \(acknowledged) steps of \(count); \(end ?? "goes on")\n"
                        + program.kernelStack)
            }
            usleep(10_000)
        }
    }

    func wait(within seconds: Double) -> Program.Outcome? { program.wait(within: seconds) }
    func kill() { program.signal(SIGKILL) }
    var kernelStack: String { program.kernelStack }

    /// The bytes that a step writes.
    static func record(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: recordBytes)
        unsafe call_fill(&bytes, bytes.count, UInt64(number))
        return bytes
    }
}
