import Foundation
import LinuxKit
import SystemPackage
import Testing

@Suite("Files of the kernel are read to their end")
struct KernelFileTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs a line of the shell and returns what it prints.
    private func shell(_ line: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test("Of more than a page, which is all that one read brings")
    func long() throws {
        let path = "/proc/kallsyms"
        let text = try #require(KernelFile.text(path))
        let count = try shell("cat \(path) | wc -c").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(text.utf8.count > 4096)
        #expect("\(text.utf8.count)" == count)
        #expect(try KernelFile.bytes(of: "/proc/kallsyms", limit: 1).count < text.utf8.count)
    }

    @Test("What is not there has no text")
    func missing() {
        #expect(KernelFile.text("/proc/nothing") == nil)
        #expect(KernelFile.text("/proc") == nil, "a directory")
        #expect(!KernelFile.write("1", to: "/proc/nothing"))
    }

    /// What a stopped thread waits for is asynchronous: no signal ends that.
    @Test("A signal that a program handles interrupts no thread that was stopped")
    func stopped() throws {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/bin/sh")
        program.arguments = ["-c", "trap : USR1; kill -STOP $$; exit 0"]
        try program.run()
        let process = program.processIdentifier
        defer { kill(process, SIGKILL) }
        func isStopped() -> Bool {
            KernelFile.text("/proc/\(process)/status")?.contains("State:\tT") == true
        }
        let end = ContinuousClock.now + .seconds(60)
        while !isStopped(), ContinuousClock.now < end { usleep(1000) }
        try #require(isStopped())
        #expect(TaskStatus(thread: process)?.isInterrupted == false)
        #expect(kill(process, SIGUSR1) == 0)
        let pending = KernelFile.text("/proc/\(process)/status") ?? ""
        #expect(pending.contains("ShdPnd:\t0000000000000200"), "\(pending)")
        #expect(TaskStatus(thread: process)?.isInterrupted == false)
    }

    /// Foundation stops at the first short read.
    @Test("Nobody reads them in another way")
    func everywhere() throws {
        var wrong: [String] = []
        for folder in ["Sources", "Tests", "Benchmarks"] {
            let place = Self.repository.appendingPathComponent(folder)
            let files = FileManager.default.enumerator(atPath: place.path)
            for case let name as String in files ?? .init() where name.hasSuffix(".swift") {
                let text = try String(
                    contentsOf: place.appendingPathComponent(name), encoding: .utf8)
                for line in text.split(separator: "\n")
                where line.contains("\"/proc/") || line.contains("\"/sys/") {
                    let ways = ["contentsOf", "contents(at", "forReading"]
                    if ways.contains(where: { line.contains($0) }),
                        !name.hasPrefix("LinuxKit/KernelFiles")
                    {
                        wrong.append("\(folder)/\(name): \(line)")
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
    }
}
