import CPosixCalls
import Foundation
import LinuxKit
import TestSupport

/// A program that runs in a process group of its own.
///
/// Not Foundation's Process, whose child inherits the signals that the tests' own thread blocks: a
/// service that blocks SIGTERM cannot be asked to end.
final class RunningProgram: @unchecked Sendable {
    let identifier: Int64
    private let output: OutputFile
    private let errors: OutputFile
    // The lock guards it.
    private var code: Int32?
    private let lock = NSLock()

    init(_ program: Program) throws {
        output = try OutputFile()
        errors = try OutputFile()
        let words = [program.path] + program.arguments
        let variables = ProcessInfo.processInfo.environment.merging(program.environment) { $1 }
            .map { "\($0.key)=\($0.value)" }
        let answer = Answer(
            unsafe call_spawn(
                RunningProgram.joined(words), Int32(words.count),
                RunningProgram.joined(variables), Int32(variables.count),
                program.folder.map { FileName($0).bytes }, -1, output.descriptor,
                errors.descriptor))
        guard !answer.isError else { throw TestError("\(program.path) does not start: \(answer)") }
        identifier = answer.value
        Leftovers.note(group: identifier)
    }

    private static func joined(_ words: [String]) -> [CChar] {
        words.flatMap { Array($0.utf8CString) } + [0]
    }

    deinit {
        if isRunning { signal(SIGKILL) }
        _ = wait(within: 1)
    }

    var isRunning: Bool {
        lock.withLock {
            var ended: Int32 = 0
            if code == nil, unsafe call_ended(identifier, &ended) == 1 {
                code = ended
                Leftovers.forget(group: identifier)
            }
            return code == nil
        }
    }

    var outputSoFar: String { output.text }
    var errorsSoFar: String { errors.text }

    /// Sends a signal to the program and its descendants.
    func signal(_ number: Int32) {
        _ = call_signal_group(identifier, number)
    }

    /// nil if the program does not end in time.
    func wait(within seconds: Double) -> Program.Outcome? {
        let end = Date(timeIntervalSinceNow: seconds)
        var pause: UInt32 = 500
        while isRunning {
            guard Date() < end else { return nil }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        return Program.Outcome(code: code ?? 0, output: output.text, errors: errors.text)
    }

    /// The place in the kernel where each of its threads waits: for a report about a hang.
    var kernelStack: String {
        let tasks = "/proc/\(identifier)/task"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return names.map { name in
            let stack = KernelFile.text("\(tasks)/\(name)/stack") ?? ""
            return "thread \(name):\n\(stack)"
        }.joined()
    }
}

/// A file for a program's output, because a full pipe would stop the program.
private final class OutputFile {
    private let handle: FileHandle
    private let path: String

    init() throws {
        path = "/tmp/bypassio-output-\(UUID().uuidString)"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forUpdatingAtPath: path)
        else { throw TestError("no file \(path) for a program's output") }
        self.handle = handle
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var descriptor: Int32 { handle.fileDescriptor }

    var text: String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
