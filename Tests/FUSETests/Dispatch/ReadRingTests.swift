import CAllocationCounter
import Foundation
import SystemPackage
import Testing

@testable import FUSE

/// Reads under way on a thread's ring.
@Suite("Reads under way")
struct ReadRingTests {
    private static let block = 4096

    private func file(in folder: ScratchFolder, blocks: Int) throws -> FileDescriptor {
        let path = folder.path + "/file"
        let bytes = (0..<blocks * Self.block).map { UInt8(truncatingIfNeeded: $0 / Self.block) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try FileDescriptor.open(FilePath(path), .readOnly)
    }

    private func ring() -> ReadRing? { try? ReadRing(capacity: 1 << 16) }

    @Test("every read is answered once, with its own bytes")
    func answers() throws {
        guard let ring = ring() else { return }
        let folder = try ScratchFolder()
        let file = try file(in: folder, blocks: 256)
        defer { try? file.close() }
        let channel = Answers()
        let owner = Owner()
        for block in 0..<256 {
            while !ring.hasRoom { _ = ring.wait(nanoseconds: nil) }
            let read = BackingRead(
                descriptor: file, offset: UInt64(block * Self.block), length: Self.block,
                owner: owner)
            #expect(ring.begin(read, unique: RequestID(UInt64(block) + 1), channel))
        }
        while ring.inFlight > 0 { _ = ring.wait(nanoseconds: nil) }
        #expect(owner.ended == 256)
        #expect(channel.answers.count == 256)
        for (unique, message) in channel.answers {
            #expect(message.count == 16 + Self.block)
            let byte = UInt8(truncatingIfNeeded: unique - 1)
            #expect(Array(message.dropFirst(16)) == [UInt8](repeating: byte, count: Self.block))
        }
    }

    @Test("a read that fails is answered with its error")
    func errors() throws {
        guard let ring = ring() else { return }
        let channel = Answers()
        let owner = Owner()
        let read = BackingRead(
            descriptor: FileDescriptor(rawValue: 999_999), offset: 0, length: 10, owner: owner)
        #expect(ring.begin(read, unique: 7, channel))
        while ring.inFlight > 0 { _ = ring.wait(nanoseconds: nil) }
        #expect(channel.answers[7]?.count == 16)
        #expect(
            channel.answers[7]?[4] == UInt8(truncatingIfNeeded: -Errno.badFileDescriptor.rawValue))
        #expect(owner.ended == 1)
    }

    @Test(
        "10,000 reads allocate nothing",
        .enabled(
            if: bpio_counting_available(),
            "a sanitizer or another C library owns the allocator, so nothing can be counted"))
    func allocations() throws {
        guard let ring = ring() else { return }
        let folder = try ScratchFolder()
        let file = try file(in: folder, blocks: 64)
        defer { try? file.close() }
        let channel = Bin()
        let owner = Owner()
        func read(_ count: Int) {
            for number in 0..<count {
                while !ring.hasRoom { _ = ring.wait(nanoseconds: nil) }
                let read = BackingRead(
                    descriptor: file, offset: UInt64(number % 64 * Self.block),
                    length: Self.block, owner: owner)
                _ = ring.begin(read, unique: RequestID(UInt64(number)), channel)
            }
            while ring.inFlight > 0 { _ = ring.wait(nanoseconds: nil) }
        }
        read(ReadRing.depth)
        var counts = bpio_counts()
        bpio_count_begin()
        read(10_000)
        unsafe bpio_count_end(&counts)
        #expect(counts.allocations == 0)
        #expect(counts.frees == 0)
        #expect(channel.messages == 10_000 + ReadRing.depth)
    }
}

/// Used by one thread at a time, like the ring.
private final class Owner: BackingReadOwner, @unchecked Sendable {
    private(set) var ended = 0
    func endRead(_ count: Int, began: UInt64) { ended += 1 }
}

/// Keeps replies by their requests' numbers.
private final class Answers: Channel, @unchecked Sendable {
    private(set) var answers: [UInt64: [UInt8]] = [:]

    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int { throw .noDevice }

    func send(_ message: Span<UInt8>) throws(Errno) {
        var bytes: [UInt8] = []
        for index in message.indices { bytes.append(message[index]) }
        let unique = (8..<16).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        answers[unique] = bytes
    }
}

/// Counts replies.
private final class Bin: Channel, @unchecked Sendable {
    private(set) var messages = 0

    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int { throw .noDevice }

    func send(_ message: Span<UInt8>) throws(Errno) { messages += 1 }
}
