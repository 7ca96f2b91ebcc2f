import BypassIOProtocol
import Foundation
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount
@testable import FUSE

/// Requests of a trace before anybody takes them.
struct TraceBufferTests {
    /// Carries a READ of a file object through a traced volume, as a session would.
    private final class Kernel {
        let side: KernelSide
        let ledger: RequestLedger
        private var unique: UInt64 = 100

        private struct Silent: SessionObserver {
            let wantsRequests = false
            func saw(_ event: SessionEvent) {}
        }

        let tracing: RequestTracing
        let connection: Connection

        init() throws {
            side = try KernelSide()
            tracing = RequestTracing(side.memory.volume, side.fileSystem.handles)
            connection = Connection(side.fileSystem, observer: Silent(), tracer: tracing)
            ledger = try #require(connection.ledger)
        }

        /// Comes and is answered with so many bytes.
        func request(_ opcode: Opcode = .getAttributes, thread: UInt32 = 0, body: Bytes = Bytes()) {
            unique += 2
            let message =
                Bytes().u32(UInt32(40 + body.bytes.count)).u32(opcode.rawValue).u64(unique).u64(1)
                .u32(0).u32(0).u32(thread).u32(0).bytes + body.bytes
            ledger.came(message.span)
            ledger.replied(Bytes().u32(16 + 8).u32(0).u64(unique).zeros(8).bytes.span, nil)
        }
    }

    @Test("beyond the room requests are counted, and told behind those that were kept")
    func bounded() throws {
        let kernel = try Kernel()
        let trace = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        for _ in 0..<TraceBuffer.most.requests + 7 { kernel.request() }
        let first = trace.page(limit: 1000)
        #expect(first.records.map(\.number) == Array(1...1000) && first.lost == 0)
        let rest = trace.page(limit: .max)
        #expect(rest.records.count == TraceBuffer.most.requests - 1000 && rest.lost == 7)
        kernel.request()
        let last = trace.page(limit: .max)
        #expect(last.records.map(\.number) == [UInt64(TraceBuffer.most.requests) + 1])
        #expect(last.lost == 0 && last.records[0].operation == "GETATTR")
        kernel.tracing.end(trace, on: kernel.connection)
    }

    @Test("nothing is followed while nobody traces, nor what came before")
    func off() throws {
        let kernel = try Kernel()
        kernel.request()
        let trace = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        #expect(trace.page(limit: .max).records.isEmpty)
        kernel.request()
        kernel.tracing.end(trace, on: kernel.connection)
        kernel.request()
        #expect(trace.page(limit: .max).records.count == 1)
    }

    @Test("a request that is under way when the last trace ends is forgotten")
    func underWay() throws {
        let kernel = try Kernel()
        let trace = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        let message = Bytes().u32(40).u32(Opcode.getAttributes.rawValue).u64(7).u64(1).zeros(16)
        kernel.ledger.came(message.bytes.span)
        kernel.tracing.end(trace, on: kernel.connection)
        let other = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        kernel.ledger.replied(Bytes().u32(16).u32(0).u64(7).bytes.span, nil)
        #expect(trace.page(limit: .max).records.isEmpty && other.page(limit: .max).records.isEmpty)
        kernel.tracing.end(other, on: kernel.connection)
    }

    @Test("several traces have each what they asked for; too many are refused")
    func several() throws {
        let kernel = try Kernel()
        let own = try kernel.tracing.begin(
            TraceFilter(process: getpid()), on: kernel.connection)
        let all = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        let named = try kernel.tracing.begin(
            TraceFilter(path: PathPattern("x")), on: kernel.connection)
        let fourth = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        #expect(throws: TraceRefusal.self) {
            try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        }
        // A process' first thread has its number.
        kernel.request(thread: UInt32(getpid()))
        kernel.request(thread: 1)
        #expect(own.page(limit: .max).records.map(\.process) == [getpid()])
        #expect(all.page(limit: .max).records.count == 2)
        #expect(named.page(limit: .max).records.isEmpty)
        kernel.tracing.end(fourth, on: kernel.connection)
        let fifth = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        for trace in [own, all, named, fifth] {
            kernel.tracing.end(trace, on: kernel.connection)
        }
        kernel.tracing.end()
        #expect(throws: TraceRefusal.self) {
            try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        }
    }

    @Test("whoever waits for news hears of a request, and of the end")
    func news() async throws {
        let kernel = try Kernel()
        let trace = try kernel.tracing.begin(TraceFilter(), on: kernel.connection)
        kernel.request()
        var news = trace.news().makeAsyncIterator()
        #expect(await news.next() != nil)
        _ = trace.page(limit: .max)
        kernel.request()
        #expect(await news.next() != nil)
        kernel.tracing.end()
        #expect(await news.next() == nil)
        kernel.tracing.end(trace, on: kernel.connection)
    }
}
