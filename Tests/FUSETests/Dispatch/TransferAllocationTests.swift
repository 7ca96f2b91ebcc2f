import CAllocationCounter
import SystemPackage
import Testing

@testable import FUSE

/// A request allocates no memory: neither its parsing, nor the call of the service, nor the answer.
@Suite(
    "Transfers without allocations",
    .enabled(
        if: bpio_counting_available(),
        "a sanitizer or another C library owns the allocator, so nothing can be counted"))
struct TransferAllocationTests {
    private static let count = 100_000

    @Test(
        "100,000 requests allocate nothing",
        arguments: [
            Opcode.read, .write, .lookup, .getAttributes, .open, .release, .flush, .forget,
        ])
    func allocations(_ opcode: Opcode) throws {
        let connection = Connection(QuietFileSystem(), maximumTransfer: 1 << 16)
        let channel = Bin()
        let input = try TransferBuffer(capacity: 1 << 16)
        let output = try TransferBuffer(capacity: 1 << 16)
        func put(_ message: [UInt8]) {
            input.withMutableMessage(header: Connection.requestRoom) { memory in
                for index in message.indices { memory[index] = message[index] }
            }
        }
        let hello = RequestMessage.valid(.initialize).finished()
        put(hello)
        connection.process(hello.count, in: input, output: output, from: channel)
        let message = RequestMessage.valid(opcode).finished()
        put(message)
        connection.process(message.count, in: input, output: output, from: channel)
        let before = channel.messages
        var counts = bpio_counts()
        bpio_count_begin()
        for _ in 0..<Self.count {
            connection.process(message.count, in: input, output: output, from: channel)
        }
        unsafe bpio_count_end(&counts)
        // Keeps the message: otherwise its release would fall within the counted stretch.
        withExtendedLifetime(message) {}
        #expect(channel.messages == before + (opcode.hasReply ? Self.count : 0))
        #expect(channel.failures == 0)
        #expect(counts.allocations == 0)
        #expect(counts.frees == 0)
    }
}

/// Counts replies and drops them.
private final class Bin: Channel, @unchecked Sendable {
    private(set) var messages = 0
    private(set) var failures = 0

    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int { throw .noDevice }

    func send(_ message: Span<UInt8>) throws(Errno) {
        messages += 1
        // Not all bytes of the error are zero.
        if message[4] | message[5] | message[6] | message[7] != 0 { failures += 1 }
    }
}

/// Answers, and keeps nothing.
private final class QuietFileSystem: FileSystem {
    let features: InitFlags = []
    private let entry = ScriptedFileSystem.entry

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        reply.succeed(entry)
    }

    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        reply.succeed(entry.attributes, validFor: .none)
    }

    func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        reply.succeed(handle: 1)
    }

    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        reply.buffer.withMutableBytes(request.size) { $0[0] = 1 }
        reply.succeed(request.size)
    }

    func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply) {
        reply.succeed(request.count)
    }

    func flush(_ request: FlushRequest, _ reply: consuming EmptyReply) {
        reply.succeed()
    }

    func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        reply.succeed()
    }
}
