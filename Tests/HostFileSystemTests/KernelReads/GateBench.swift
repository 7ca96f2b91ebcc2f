import CKernelABI
import Dispatch
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// A door to a file, the readers that open the file through it, and the questions that the gate
/// asked.
final class GateBench: Sendable {
    static let needs = "needs root, Linux 6.14, and /var/tmp on ext4, xfs or btrfs"
    static let size = 1 << 18

    let host: HostFixture
    let file: FileObject
    let door: any KernelReadDoor
    let asked = Guarded<[KernelRead]>([])
    /// A value of its own: generic code that lends a function and puts it back wraps the function
    /// anew each time.
    private struct Answer {
        var body: @Sendable (KernelRead) -> IOFailure? = { _ in nil }
    }

    /// The answer to a question; by default it lets the read pass.
    private let answer = Guarded(Answer())

    init(in parent: FilePath = "/var/tmp") throws {
        host = try HostFixture(in: parent)
        try host.hostFile("f", pattern(Self.size))
        let file = try host.open("f")
        self.file = file
        let reference = GateBenchReference()
        door = try host.fileSystem.kernelReadDoor(for: file, leavingAccessTimes: false) {
            reference.bench?.asks($0)
        }
        reference.bench = self
    }

    deinit { file.close() }

    var gate: KernelReadGate { get throws { try #require(door as? KernelReadGate) } }

    private func asks(_ read: KernelRead) -> IOFailure? {
        asked.withLock { $0.append(read) }
        let answer = answer.withLock { $0 }
        return answer.body(read)
    }

    func answers(_ body: @escaping @Sendable (KernelRead) -> IOFailure?) {
        answer.withLock { $0.body = body }
    }

    /// Opens the file through the door, as the kernel does for a program.
    func reader(expected: Bool = true, direct: Bool = false) throws -> OpenFile {
        let thread = UInt32(bpio_thread_id())
        if expected { door.expectOpen(by: thread) }
        let storage = FileDescriptor(rawValue: door.storage.rawValue)
        return OpenFile(try SystemCall.reopen(storage, direct ? .direct : .readOnly))
    }

    static let isAvailable = {
        (try? HostFixture()).map { host in
            _ = try? host.hostFile("f", [1])
            guard let open = try? host.open("f") else { return false }
            defer { open.close() }
            return
                (try? host.fileSystem.kernelReadDoor(for: open, leavingAccessTimes: false) { _ in
                    nil
                })?.isRevocable
                == true
        } ?? false
    }()
}

/// Gives the door's question a way to its own bench.
final class GateBenchReference: @unchecked Sendable {
    /// Set once, before any read.
    weak var bench: GateBench?
}

/// A read on a thread of its own, and its result.
final class BackgroundRead: Sendable {
    private struct Outcome {
        var bytes: [UInt8] = []
        var error: Errno?
        var isDone = false
    }

    private let outcome = Guarded(Outcome())
    private let ended = DispatchSemaphore(value: 0)

    init(_ file: OpenFile, at offset: Int64 = 0, count: Int = 4096) {
        Thread { [self] in
            let buffer = try? HostBuffer(capacity: count)
            var outcome = Outcome(isDone: true)
            do throws(Errno) {
                guard let buffer else { throw .noMemory }
                outcome.bytes = try readAligned(file.descriptor, buffer, count, at: offset)
            } catch {
                outcome.error = error
            }
            self.outcome.withLock { $0 = outcome }
            ended.signal()
        }.start()
    }

    var isDone: Bool { outcome.withLock { $0.isDone } }
    var bytes: [UInt8] { outcome.withLock { $0.bytes } }
    var error: Errno? { outcome.withLock { $0.error } }

    /// False if the gate holds the read for longer. Call once.
    func ends(within seconds: Int = 120) -> Bool {
        ended.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}

func readAligned(
    _ file: FileDescriptor, _ buffer: HostBuffer, _ count: Int, at offset: Int64
) throws(Errno) -> [UInt8] {
    try buffer.withMutableBytes(count) { (span) throws(Errno) in
        var raw = unsafe span.mutableBytes
        let count = try SystemCall.read(file, into: &raw, at: offset)
        return (0..<count).map { span[$0] }
    }
}

/// Waits until the condition holds, at most two minutes: longer than a busy machine takes.
func eventually(_ isSo: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<24_000 {
        if try isSo() { return true }
        usleep(5000)
    }
    return try isSo()
}
