import Foundation
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// The tiny file system, served by a process of its own. Killing that process ends every hang: the
/// kernel then fails every request.
final class TinyService: Sendable {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Lies beside the tests' own executable.
    static let location: String? = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        return [own, folder].compactMap(\.self)
            .map { $0.appendingPathComponent("TinyFileSystem").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private let folder: ScratchFolder
    let mountPoint: String
    private let process: Process
    private let commands: FileHandle
    private let answers: LineReader
    private let errorsPath: String

    /// Mounts; throws the service's message if that fails.
    convenience init(
        _ options: String..., asNobody: Bool = false, environment: [String: String] = [:]
    ) throws {
        try self.init(options, asNobody: asNobody, environment: environment)
    }

    init(_ options: [String], asNobody: Bool = false, environment: [String: String] = [:]) throws {
        guard let location = Self.location else { throw Problem(description: "no program") }
        folder = try ScratchFolder()
        mountPoint = try folder.makeFolder("mount")
        errorsPath = folder.path + "/errors"
        process = Process()
        // The test's own options come later and win.
        let transport = ProcessInfo.processInfo.environment["BYPASSIO_TEST_TRANSPORT"]
        let arguments = (transport.map { ["--transport", $0] } ?? []) + options + [mountPoint]
        if asNobody {
            unsafe chown(mountPoint, 65534, 65534)
            process.executableURL = URL(fileURLWithPath: Kernel.setpriv ?? "")
            process.arguments = Kernel.nobody + [location] + arguments
        } else {
            process.executableURL = URL(fileURLWithPath: location)
            process.arguments = arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (input, output) = (Pipe(), Pipe())
        _ = FileManager.default.createFile(atPath: errorsPath, contents: nil)
        process.standardInput = input
        process.standardOutput = output
        process.standardError = try FileHandle(
            forWritingTo: URL(fileURLWithPath: errorsPath))
        commands = input.fileHandleForWriting
        answers = LineReader(output.fileHandleForReading)
        try process.run()
        let first = try answers.next()
        guard first == "mounted" else { throw Problem(description: first) }
    }

    deinit {
        try? commands.close()
        if !ends(within: 5) { kill(process.processIdentifier, SIGKILL) }
        // Removes the mount of a killed service.
        _ = unsafe umount2(mountPoint, Int32(MNT_DETACH))
    }

    // MARK: Commands

    func say(_ command: String) throws -> String {
        try commands.write(contentsOf: Data((command + "\n").utf8))
        return try answers.next()
    }

    /// Sends a command whose answer is "ok".
    func tell(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try say(command) == "ok", sourceLocation: sourceLocation)
    }

    /// The number of requests of this name that the service got.
    func count(_ request: String) throws -> Int {
        for word in try say("counts").split(separator: " ") {
            let pair = word.split(separator: "=")
            if pair.count == 2, pair[0] == request { return Int(pair[1]) ?? -1 }
        }
        return 0
    }

    func nextLine() throws -> String { try answers.next() }

    // MARK: The process

    var processID: Int32 { process.processIdentifier }

    /// Whether the service uses no processor time meanwhile, in clock ticks (proc_pid_stat(5)).
    func isIdle(seconds: Double) throws -> Bool {
        let before = try ticks()
        Thread.sleep(forTimeInterval: seconds)
        return try ticks() == before
    }

    private func ticks() throws -> Int {
        let text = try #require(KernelFile.text("/proc/\(processID)/stat"))
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }

    func killNow() {
        kill(process.processIdentifier, SIGKILL)
        _ = ends(within: 100)
    }

    func ends(within seconds: Double) -> Bool {
        eventually(seconds: seconds) { !process.isRunning }
    }

    /// The exit code, after the last line "ended"; fails if the service does not end, or if a
    /// sanitizer reports something.
    func expectEnd(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try answers.next() == "ended", sourceLocation: sourceLocation)
        try commands.close()
        try #require(ends(within: 100), sourceLocation: sourceLocation)
        #expect(process.terminationStatus == 0, sourceLocation: sourceLocation)
        #expect(errors == "", sourceLocation: sourceLocation)
    }

    var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

    // MARK: Its files

    func path(_ name: String) -> String { mountPoint + "/" + name }

    /// The mount's entry in the kernel's table.
    var entry: MountEntry? { MountTable.current.top(at: FilePath(mountPoint)) }

    var isMounted: Bool { entry != nil }
}

/// Polls the condition; false if it did not become true.
func eventually(seconds: Double = 100, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        if Date() > end { return false }
        Thread.sleep(forTimeInterval: 0.002)
    }
    return true
}
