import Foundation
import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// The tiny file system, served by a process of its own. What hangs ends when that is killed: the
/// kernel then gives up every request.
final class TinyService: Sendable {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Beside the tests' own executable.
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

    /// Mounts; throws what the service says if it fails.
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
        // What the test itself names comes later and counts.
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
        // What a killed service left behind.
        _ = unsafe umount2(mountPoint, Int32(MNT_DETACH))
    }

    // MARK: Commands

    func say(_ command: String) throws -> String {
        try commands.write(contentsOf: Data((command + "\n").utf8))
        return try answers.next()
    }

    /// For commands that are answered with "ok".
    func tell(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try say(command) == "ok", sourceLocation: sourceLocation)
    }

    /// How often the service was asked something.
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

    /// Whether it uses no processor time meanwhile, in clock ticks (proc_pid_stat(5)).
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

    /// The exit code, after its last word was "ended"; fails if it does not end, or a sanitizer has
    /// something to say.
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

    /// What the kernel's table says of the mount.
    var entry: MountEntry? { MountTable.current.top(at: FilePath(mountPoint)) }

    var isMounted: Bool { entry != nil }
}

/// Looks again and again; false if it did not come true.
func eventually(seconds: Double = 100, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        if Date() > end { return false }
        Thread.sleep(forTimeInterval: 0.002)
    }
    return true
}
