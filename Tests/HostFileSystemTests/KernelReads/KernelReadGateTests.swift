import BypassIOProtocol
import CKernelABI
import Dispatch
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// The gate before the kernel's own reads, with readers that open the file as the kernel does.
@Suite(.enabled(if: GateBench.isAvailable, "\(GateBench.needs)"), .timeLimit(.minutes(10)))
struct KernelReadGateTests {
    private let bench: GateBench
    private var door: any KernelReadDoor { bench.door }

    init() throws { bench = try GateBench() }

    private var asked: [KernelRead] { bench.asked.withLock { $0 } }

    @Test func openNobodyIsAsked() throws {
        let reader = try bench.reader()
        for _ in 0..<20 {
            let read = BackgroundRead(reader)
            #expect(read.ends())
            #expect(read.bytes == pattern(4096))
        }
        #expect(asked.isEmpty)
        #expect(door.isRevocable)
    }

    @Test("closed, a read is held until it is answered; ranges are told", arguments: [false, true])
    func held(direct: Bool) throws {
        let reader = try bench.reader(direct: direct)
        let mayPass = DispatchSemaphore(value: 0)
        bench.answers { _ in
            mayPass.wait()
            mayPass.signal()
            return nil
        }
        try door.close()
        try door.close()
        let first = BackgroundRead(reader, at: 8192, count: 4096)
        let second = BackgroundRead(reader, at: 65536, count: 32768)
        #expect(eventually { asked.count == 2 })
        #expect(Set(asked.map(\.offset)) == [8192, 65536])
        #expect(Set(asked.map(\.length)) == [4096, 32768])
        #expect(asked.allSatisfy { $0.thread != 0 })
        usleep(50_000)
        #expect(!first.isDone)
        #expect(!second.isDone)
        mayPass.signal()
        #expect(first.ends())
        #expect(second.ends())
        let all = pattern(GateBench.size)
        #expect(first.bytes == Array(all[8192..<12288]))
        #expect(second.bytes == Array(all[65536..<98304]))
        door.open()
        door.open()
        let third = BackgroundRead(reader)
        #expect(third.ends())
        #expect(asked.count == 2)
    }

    @Test(
        "a refusal reaches the program with the errnos that the kernel takes",
        arguments: [
            (Errno.ioError, Errno.ioError), (.notPermitted, .notPermitted),
            (.resourceBusy, .resourceBusy), (.textFileBusy, .textFileBusy),
            (.resourceTemporarilyUnavailable, .resourceTemporarilyUnavailable),
            (.noSpace, .noSpace), (.diskQuotaExceeded, .diskQuotaExceeded),
            (.permissionDenied, .notPermitted), (.noSuchFileOrDirectory, .notPermitted),
        ])
    func refused(_ given: Errno, _ seen: Errno) throws {
        let reader = try bench.reader()
        bench.answers { _ in IOFailure(errno: given) }
        try door.close()
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(read.error == seen)
        door.open()
    }

    @Test("what was opened while nobody expected it can never be stopped: the kernel's rule")
    func notExpected() throws {
        let reader = try bench.reader(expected: false)
        try door.close()
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(read.bytes == pattern(4096))
        #expect(asked.isEmpty)
    }

    @Test func openedWhileClosed() throws {
        try door.close()
        let reader = try bench.reader(expected: false)
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(asked.count == 1)
        door.open()
        try door.close()
        let again = BackgroundRead(reader)
        #expect(again.ends())
        #expect(asked.count == 2)
    }

    @Test("an open that is expected keeps nobody, and each open is watched for itself")
    func expected() throws {
        let first = try bench.reader()
        let open = door.expectOpen(by: 1)
        let during = BackgroundRead(first)
        #expect(during.ends())
        #expect(asked.isEmpty)
        door.callOff(open)
        door.callOff(ExpectedOpen(thread: 2, number: 1))
        // The same thread opens again at once: the gate must not take its earlier open for the
        // next.
        let readers = try (0..<50).map { _ in try bench.reader() }
        try door.close()
        for reader in readers {
            let read = BackgroundRead(reader)
            #expect(read.ends())
        }
        #expect(asked.count == 50)
        door.open()
    }

    @Test("the end of an earlier open calls off no later one of its thread")
    func calledOffLate() throws {
        let thread = UInt32(bpio_thread_id())
        let earlier = door.expectOpen(by: thread)
        _ = try bench.reader(expected: false)
        door.expectOpen(by: thread)
        door.callOff(earlier)
        let reader = try bench.reader(expected: false)
        try door.close()
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(asked.count == 1)
        door.open()
    }

    @Test("who uses the file by its path is neither held nor told of, this service least")
    func directUsers() throws {
        let reader = try bench.reader()
        bench.answers { _ in IOFailure(.ioDeviceError) }
        let path = bench.host.root.appending("f")
        let before = OpenFile(try SystemCall.open(path, .readOnly))
        try door.close()
        let during = OpenFile(try SystemCall.open(path, .direct))
        for file in [before, during] {
            let read = BackgroundRead(file)
            #expect(read.ends())
            #expect(read.bytes == pattern(4096))
        }
        let program = try HostTool.run("dd", ["if=\(path)", "of=/dev/null", "bs=64k"])
        #expect(program.contains("262144 bytes"))
        #expect(asked.isEmpty)
        let held = BackgroundRead(reader)
        #expect(held.ends())
        #expect(held.error == .ioError)
        door.open()
    }

    @Test("a question may read the file itself")
    func questionsRead() throws {
        let reader = try bench.reader()
        let path = bench.host.root.appending("f")
        bench.answers { _ in
            (try? KernelFile.bytes(of: path, limit: 1 << 20))?.count == GateBench.size
                ? nil : IOFailure(.ioDeviceError)
        }
        try door.close()
        let read = BackgroundRead(reader)
        #expect(read.ends())
        #expect(read.error == nil)
        door.open()
    }

    @Test func anotherProcessIsHeld() throws {
        bench.answers { _ in IOFailure(.ioDeviceError) }
        try door.close()
        let link = "/proc/\(getpid())/fd/\(door.storage.rawValue)"
        #expect(throws: HostTool.Failure.self) {
            try HostTool.run("dd", ["if=\(link)", "of=/dev/null", "bs=4k", "count=1"])
        }
        #expect(!asked.isEmpty)
        door.open()
        try HostTool.run("dd", ["if=\(link)", "of=/dev/null", "bs=4k", "count=1"])
    }

    @Test("more reads are held than there are threads that ask")
    func manyHeld() throws {
        let reader = try bench.reader()
        let mayPass = DispatchSemaphore(value: 0)
        bench.answers { _ in
            mayPass.wait()
            mayPass.signal()
            return nil
        }
        try door.close()
        let reads = (0..<ReadQuestions.mostThreads + 8).map { _ in BackgroundRead(reader) }
        #expect(eventually { asked.count == ReadQuestions.mostThreads })
        mayPass.signal()
        for read in reads { #expect(read.ends()) }
        #expect(asked.count == reads.count)
        door.open()
    }

    @Test func liveReadersAreCounted() throws {
        let gate = try bench.gate
        #expect(gate.liveReaders == 0)
        var readers: [OpenFile] = []
        for count in 1...3 {
            readers.append(try bench.reader())
            #expect(gate.liveReaders == count)
        }
        while readers.popLast() != nil {
            let left = readers.count
            #expect(eventually { gate.liveReaders == left })
        }
    }
}
