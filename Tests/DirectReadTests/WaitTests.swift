import DirectRead
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Waits for completions, for a time, and for a wake.
@Suite("Read engines: waiting", .serialized)
struct WaitTests {
    /// A read of an empty pipe stays in flight until the test writes.
    private struct Pipe: ~Copyable {
        let reader: FileDescriptor
        let writer: FileDescriptor

        init() throws {
            (reader, writer) = try FileDescriptor.pipe()
        }

        deinit {
            try? reader.close()
            try? writer.close()
        }
    }

    @Test("with nothing outstanding a wait returns at once", arguments: EngineKind.available)
    func nothingOutstanding(_ kind: EngineKind) throws {
        let engine = try kind.make(depth: 4, slotSize: 512)
        defer { engine.close() }
        #expect(try engine.submit(waitingFor: 4) == 0)
        #expect(engine.nextCompletion() == nil)
    }

    @Test("waiting for more than is outstanding waits for that", arguments: EngineKind.available)
    func moreThanOutstanding(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 8, slotSize: 512)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        for slot in 0..<3 { engine.start(slot: slot, file: index, offset: 0, length: 512) }
        #expect(try engine.submit(waitingFor: 8) == 3)
    }

    @Test("submitting without waiting completes sooner or later", arguments: EngineKind.available)
    func withoutWaiting(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 2, slotSize: 512)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        engine.start(slot: 1, file: index, offset: 512, length: 512)
        try engine.submit(waitingFor: 0)
        var completion: ReadCompletion?
        for _ in 0..<100_000 where completion == nil {
            completion = engine.nextCompletion()
            if completion == nil { usleep(100) }
        }
        #expect(completion == ReadCompletion(slot: 1, result: 512))
    }

    @Test(
        "time runs out while a read stays in flight", .enabled(if: EngineKind.ringRefusal == nil),
        arguments: [Duration.zero, .milliseconds(20), .seconds(-1)])
    func timeout(_ limit: Duration) throws {
        // pread of a pipe fails with ESPIPE, so only the ring can have a read that does not end.
        let pipe = try Pipe()
        let engine = try EngineKind.ring.make(depth: 4, slotSize: 512)
        defer { engine.close() }
        let index = try engine.register(pipe.reader)
        engine.start(slot: 2, file: index, offset: 0, length: 512)
        let before = ContinuousClock.now
        #expect(try engine.submit(waitingFor: 1, timeout: limit) == 0)
        #expect(ContinuousClock.now - before >= limit)
        #expect(engine.nextCompletion() == nil)
        try pipe.writer.writeAll([1, 2, 3])
        #expect(try engine.submit(waitingFor: 1, timeout: .seconds(30)) == 1)
        #expect(engine.nextCompletion() == ReadCompletion(slot: 2, result: 3))
    }

    @Test(
        "times beyond any clock", arguments: EngineKind.available,
        [Duration.seconds(Int64.max), .seconds(Int64.min)])
    func extremeTimeouts(_ kind: EngineKind, limit: Duration) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 1, slotSize: 512)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        engine.start(slot: 0, file: index, offset: 0, length: 512)
        try engine.submit(waitingFor: 1, timeout: limit)
        try engine.submit(waitingFor: 1)
        #expect(engine.nextCompletion() == ReadCompletion(slot: 0, result: 512))
    }

    @Test("time runs out with only a wake to wait for", arguments: EngineKind.available)
    func timeoutOfWake(_ kind: EngineKind) throws {
        let engine = try kind.make(depth: 1, slotSize: 512)
        defer { engine.close() }
        #expect(
            try engine.submit(waitingFor: 1, timeout: .milliseconds(5), wakeable: true) == 0)
    }

    @Test("a wake from another thread ends a wait without end", arguments: EngineKind.available)
    func wakeFromAnotherThread(_ kind: EngineKind) throws {
        let engine = try kind.make(depth: 1, slotSize: 512)
        defer { engine.close() }
        for pause in [UInt32(0), 20_000, 0, 1000] {
            let waker = engine.waker
            let thread = try TestThread {
                usleep(pause)
                waker.wake()
            }
            #expect(try engine.submit(waitingFor: 1, timeout: nil, wakeable: true) == 0)
            thread.join()
        }
    }

    @Test(
        "a wake ends a wait for several completions of which one came",
        .enabled(if: EngineKind.ringRefusal == nil))
    func wakeBeforeAll() throws {
        let pipe = try Pipe()
        let file = try TemporaryFile(size: 4096)
        let engine = try EngineKind.ring.make(depth: 4, slotSize: 512)
        defer { engine.close() }
        let never = try engine.register(pipe.reader)
        let soon = try engine.register(file.descriptor)
        engine.start(slot: 0, file: never, offset: 0, length: 512)
        engine.start(slot: 1, file: soon, offset: 0, length: 512)
        let waker = engine.waker
        let thread = try TestThread {
            usleep(20_000)
            waker.wake()
        }
        #expect(try engine.submit(waitingFor: 2, timeout: nil, wakeable: true) == 1)
        thread.join()
        #expect(engine.nextCompletion()?.slot == 1)
    }

    @Test("a wake that came before ends the next wakeable wait", arguments: EngineKind.available)
    func wakeBefore(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 2, slotSize: 512)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        engine.wake()
        engine.wake()
        // A wait that is not wakeable leaves the wake pending.
        #expect(try engine.readOnce(index, offset: 0, length: 512) == 512)
        #expect(try engine.submit(waitingFor: 1, timeout: nil, wakeable: true) == 0)
        // The two wakes merged into one: this wait ends only by its timeout.
        #expect(
            try engine.submit(waitingFor: 1, timeout: .milliseconds(5), wakeable: true) == 0)
        #expect(try engine.readOnce(index, offset: 0, length: 512) == 512)
    }

    @Test("reads go on while a wake stays armed", arguments: EngineKind.available)
    func readsWhileArmed(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 65536)
        let engine = try kind.make(depth: 4, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        for round in 0..<200 {
            for slot in 0..<4 {
                engine.start(
                    slot: slot, file: index, offset: UInt64((round + slot) % 16 * 4096),
                    length: 4096)
            }
            if round % 5 == 0 { engine.wake() }
            var taken = 0
            while taken < 4 {
                try engine.submit(
                    waitingFor: 4 - taken, timeout: nil, wakeable: round % 2 == 0)
                while let done = engine.nextCompletion() {
                    #expect(done.result == 4096)
                    taken += 1
                }
            }
        }
    }

    @Test("a waker outlives its engine", arguments: EngineKind.available)
    func lateWake(_ kind: EngineKind) throws {
        let waker: ReadEngineWaker
        do {
            let engine = try kind.make(depth: 1, slotSize: 512)
            waker = engine.waker
            engine.close()
            waker.wake()
        }
        waker.wake()
    }
}

/// A thread of the test's own, which it joins at the end.
final class TestThread {
    private var thread = pthread_t()

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ run: @escaping @Sendable () -> Void) throws {
        let body = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run()
                return nil
            }, body)
        guard code == 0 else {
            unsafe Unmanaged<Body>.fromOpaque(body).release()
            throw Errno(rawValue: code)
        }
    }

    func join() {
        pthread_join(thread, nil)
    }
}
