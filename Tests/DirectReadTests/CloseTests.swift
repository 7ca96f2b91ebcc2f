import DirectRead
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Closing ends in order whatever is in flight; misuse that would corrupt memory stops the process.
@Suite("Read engines: closing and misuse", .serialized)
struct CloseTests {
    @Test("with reads queued, in flight and not taken", arguments: EngineKind.available)
    func busyClose(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 1 << 20)
        for round in 0..<20 {
            let engine = try kind.make(depth: 16, slotSize: 65536)
            let index = try engine.register(file.descriptor)
            for slot in 0..<12 {
                engine.start(slot: slot, file: index, offset: 0, length: 65536)
            }
            try engine.submit(waitingFor: round % 4)
            if round % 2 == 0 { _ = engine.nextCompletion() }
            for slot in 12..<16 {
                engine.start(slot: slot, file: index, offset: 0, length: 65536)
            }
            engine.close()
            engine.close()
            #expect(engine.nextCompletion() == nil)
        }
    }

    @Test(
        "a read that would never end is cancelled, armed wake or not",
        .enabled(if: EngineKind.ringRefusal == nil), arguments: [false, true])
    func endlessRead(wakeable: Bool) throws {
        let (reader, writer) = try FileDescriptor.pipe()
        defer {
            try? reader.close()
            try? writer.close()
        }
        let engine = try EngineKind.ring.make(depth: 2, slotSize: 512)
        let index = try engine.register(reader)
        engine.start(slot: 0, file: index, offset: 0, length: 512)
        try engine.submit(waitingFor: 1, timeout: .milliseconds(2), wakeable: wakeable)
        engine.close()
        #expect(engine.nextCompletion() == nil)
    }

    @Test("letting go of an engine closes it", arguments: EngineKind.available)
    func deinitCloses(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 1 << 20)
        let before = try openDescriptors()
        for _ in 0..<5 {
            let engine = try kind.make(depth: 4, slotSize: 65536)
            let index = try engine.register(file.descriptor)
            for slot in 0..<4 {
                engine.start(slot: slot, file: index, offset: 0, length: 65536)
            }
            try engine.submit(waitingFor: 0)
        }
        // Other tests run beside this one; an engine that leaked would leave two descriptors each
        // time.
        #expect(try openDescriptors() < before + 10)
    }

    private func openDescriptors() throws -> Int {
        (0..<1024).count { fcntl(CInt($0), F_GETFD) >= 0 }
    }

    @Test("an idle engine may be let go on another thread", arguments: EngineKind.available)
    func letGoElsewhere(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let holder = EngineHolder(try kind.make(depth: 2, slotSize: 4096))
        if let engine = unsafe holder.engine {
            let index = try engine.register(file.descriptor)
            #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
        }
        try TestThread { unsafe holder.engine = nil }.join()
        // Closing one ring leaves this thread's other rings intact.
        let next = try kind.make(depth: 2, slotSize: 4096)
        defer { next.close() }
        let index = try next.register(file.descriptor)
        #expect(try next.readOnce(index, offset: 0, length: 4096) == 4096)
    }

    @Test(
        "another thread's call stops a debug build",
        .enabled(if: !isOptimized, "optimised builds do not check the thread"),
        arguments: EngineKind.available)
    func wrongThread(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let holder = EngineHolder(try kind.make(depth: 2, slotSize: 4096))
            try TestThread { _ = unsafe holder.engine?.nextCompletion() }.join()
        }
    }

    @Test("more reads than slots are refused", arguments: EngineKind.available)
    func moreThanDepth(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let engine = try kind.make(depth: 2, slotSize: 512)
            let index = try engine.register(.standardInput)
            engine.start(slot: 2, file: index, offset: 0, length: 512)
        }
    }

    @Test("a slot in flight is not started again", arguments: EngineKind.available)
    func startedTwice(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let engine = try kind.make(depth: 2, slotSize: 512)
            let index = try engine.register(.standardInput)
            engine.start(slot: 1, file: index, offset: 0, length: 512)
            engine.start(slot: 1, file: index, offset: 0, length: 512)
        }
    }

    @Test("a read longer than its slot is refused", arguments: EngineKind.available)
    func longerThanSlot(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let engine = try kind.make(depth: 1, slotSize: 512)
            let index = try engine.register(.standardInput)
            engine.start(slot: 0, file: index, offset: 0, length: 513)
        }
    }

    @Test("the bytes of a slot in flight are out of reach", arguments: EngineKind.available)
    func bytesInFlight(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let engine = try kind.make(depth: 1, slotSize: 512)
            let index = try engine.register(.standardInput)
            engine.start(slot: 0, file: index, offset: 0, length: 512)
            engine.withBytes(of: 0, count: 1) { _ in }
        }
    }

    @Test("a file with reads in flight is not unregistered", arguments: EngineKind.available)
    func unregisteredInFlight(_ kind: EngineKind) async {
        await #expect(processExitsWith: .failure) { [kind] in
            let engine = try kind.make(depth: 1, slotSize: 512)
            let index = try engine.register(.standardInput)
            engine.start(slot: 0, file: index, offset: 0, length: 512)
            engine.unregister(index)
        }
    }

    @Test(
        "sizes out of range are errors",
        arguments: [
            (0, 512, ReadEngineError.depthOutOfRange(0)),
            (-1, 512, .depthOutOfRange(-1)),
            (4097, 512, .depthOutOfRange(4097)),
            (1, 0, .slotSizeOutOfRange(0)),
            (1, -1, .slotSizeOutOfRange(-1)),
            (1, 1 << 30 | 1, .slotSizeOutOfRange(1 << 30 | 1)),
        ])
    func badSizes(depth: Int, slotSize: Int, expected: ReadEngineError) {
        for policy in [ReadEngines.Policy.automatic, .threadPool] {
            #expect(throws: expected) {
                try ReadEngines.make(depth: depth, slotSize: slotSize, policy: policy)
            }
        }
    }
}

/// Carries an engine to another thread, although its type forbids that.
private final class EngineHolder: Sendable {
    nonisolated(unsafe) var engine: (any ReadEngine)?

    init(_ engine: any ReadEngine) {
        unsafe self.engine = engine
    }
}
