import CPosixCalls
import Foundation
import LinuxKit

/// A worker, seen from the command that started it.
final class WorkerProcess {
    /// Longer than any single operation takes.
    private static let longestOperation: Int64 = 60_000_000_000

    private let index: Int
    private let identifier: Int64
    private let log: String
    private let output: String
    private var lastLog: [UInt8] = []
    private var lastChange = call_clock()
    private var ended: Int32?

    init(command: ExerciseCommand, seed: UInt64, index: Int) throws {
        self.index = index
        let base = "\(NSTemporaryDirectory())/bypassio-exerciser-\(getpid())-\(index)"
        (log, output) = ("\(base).log", "\(base).out")
        var words = [
            "/proc/self/exe", "worker", "--directory", command.directory, "--seed", "\(seed)",
            "--index", "\(index)", "--processes", "\(command.processes)", "--seconds",
            "\(command.seconds)", "--log", log,
        ]
        if let backing = command.backing { words += ["--backing", backing] }
        if let operations = command.operations { words += ["--operations", "\(operations)"] }
        let variables = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        let file = Int32(
            try Finding.check("open \(output)", unsafe call_open(output, 0o1102, 0o644)))
        defer { _ = call_close(file) }
        identifier = Int64(
            try Finding.check(
                "start a worker",
                unsafe call_spawn(
                    WorkerProcess.joined(words), Int32(words.count),
                    WorkerProcess.joined(variables), Int32(variables.count), nil, -1, file,
                    file)))
    }

    private static func joined(_ words: [String]) -> [CChar] {
        words.flatMap { Array($0.utf8CString) } + [0]
    }

    deinit {
        kill()
        for path in [log, output] { _ = unsafe call_unlink(path) }
    }

    var hasEnded: Bool {
        var code: Int32 = 0
        if ended == nil, unsafe call_ended(identifier, &code) != 0 { ended = code }
        return ended != nil
    }

    var code: Int32 { ended ?? 0 }

    func kill() {
        guard !hasEnded else { return }
        _ = call_signal_group(identifier, SIGKILL)
        // A worker that waits in the kernel for a hanging mount cannot end: this gives it up after
        // a while.
        for _ in 0..<100 where !hasEnded { usleep(20_000) }
    }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    var operations: Int {
        Int(text(output).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// Whether no operation has begun for a long time.
    var hangs: Bool {
        if hasEnded { return false }
        let now = FileManager.default.contents(atPath: log).map { Array($0) } ?? []
        if now != lastLog { (lastLog, lastChange) = (now, call_clock()) }
        return call_clock() - lastChange > WorkerProcess.longestOperation
    }

    /// The worker's output, the place where it waits, and its last operations.
    func finding(hangs: Bool = false) -> Finding {
        var reason = hangs ? "hangs" : "exit code \(code)"
        if code < 0 { reason = "ended by signal \(-code)" }
        var texts = ["process \(index) \(reason)", text(output)]
        if hangs {
            texts.append("kernel stack: \(KernelFile.text("/proc/\(identifier)/stack") ?? "")")
        }
        texts.append("last operations:")
        texts += OperationLog.lines(of: text(log)).suffix(60)
        return Finding(texts.joined(separator: "\n"))
    }
}
