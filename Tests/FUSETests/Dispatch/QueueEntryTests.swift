import CKernelABI
import Glibc
import SystemPackage
import Testing

@testable import FUSE
@testable import FUSERing

/// A request's memory as the kernel writes and reads it; no kernel takes part.
@Suite("Entries of the kernel's queues")
struct QueueEntryTests {
    private let queue: RequestQueue
    private let entry: QueueEntry
    private static let capacity = 8192

    init() throws {
        queue = try RequestQueue(number: 3, DeviceChannel(try FUSEDevice.deadEnd()))
        entry = try QueueEntry(queue, capacity: Self.capacity)
    }

    /// Writes a request as the kernel does: header, first structure, the rest.
    private func arrive(
        opcode: Opcode, operation: [UInt8], payload: [UInt8], length: Int? = nil,
        payloadSize: UInt32? = nil, unique: UInt8 = 77
    ) {
        let total = length ?? 40 + operation.count + payload.count
        var header = [UInt8](repeating: 0, count: 40)
        for byte in 0..<4 {
            header[byte] = UInt8(truncatingIfNeeded: total >> (byte * 8))
            header[4 + byte] = UInt8(truncatingIfNeeded: opcode.rawValue >> UInt32(byte * 8))
        }
        header[8] = unique
        header[16] = 1
        unsafe withParts { parts, data in
            for (index, byte) in header.enumerated() { unsafe parts[index] = byte }
            for (index, byte) in operation.enumerated() { unsafe parts[128 + index] = byte }
            for (index, byte) in payload.enumerated() { unsafe data[index] = byte }
            let size = payloadSize ?? UInt32(payload.count)
            for byte in 0..<4 {
                unsafe parts[272 + byte] = UInt8(truncatingIfNeeded: size >> UInt32(byte * 8))
            }
        }
    }

    private func withParts<R>(
        _ body: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> R
    ) -> R {
        let vectors = unsafe entry.registration
        let parts = unsafe vectors[0].iov_base.assumingMemoryBound(to: UInt8.self)
        let data = unsafe vectors[1].iov_base.assumingMemoryBound(to: UInt8.self)
        return unsafe body(parts, data)
    }

    /// The reply as the kernel reads it: error, unique, the bytes behind the header.
    private func reply() -> (error: Int32, unique: UInt64, body: [UInt8]) {
        entry.prepareCommit()
        return unsafe withParts { parts, data in
            let raw = UnsafeRawPointer(parts)
            let size = Int(unsafe raw.load(fromByteOffset: 272, as: UInt32.self))
            let error = unsafe raw.load(fromByteOffset: 4, as: Int32.self)
            let unique = unsafe raw.load(fromByteOffset: 8, as: UInt64.self)
            return (error, unique, (0..<size).map { unsafe data[$0] })
        }
    }

    @Test("the parts of a request lie one behind the other, data on its page")
    func together() throws {
        let operation = (0..<40).map { UInt8($0) }
        arrive(opcode: .write, operation: operation, payload: [9, 8, 7])
        let (room, length) = try #require(entry.open())
        #expect(room == 80)
        #expect(length == 83)
        entry.buffer.withMessage(header: room, body: 3) { message in
            #expect((0..<40).map { message[40 + $0] } == operation)
            #expect((80..<83).map { message[$0] } == [9, 8, 7])
        }
    }

    /// The sizes of the whole, and of the part behind the first structure.
    private static let malformedSizes: [[UInt32]] = [
        [0, 0], [39, 0], [40, 1], [169, 0], [40, .max], [.max, 0], [8233, 8193],
    ]

    @Test(
        "sizes that make no sense are answered with EIO and touch nothing",
        arguments: Self.malformedSizes)
    func malformed(_ sizes: [UInt32]) {
        let (length, payload) = (Int(sizes[0]), sizes[1])
        arrive(
            opcode: .lookup, operation: [], payload: [], length: length, payloadSize: payload)
        #expect(entry.open() == nil)
        let reply = reply()
        #expect(reply.error == -Errno.ioError.rawValue)
        #expect(reply.unique == 77)
        #expect(reply.body.isEmpty)
    }

    @Test("a small reply waits aside, since the service may still look at the request")
    func aside() throws {
        arrive(opcode: .lookup, operation: [], payload: Array("name\0".utf8))
        _ = try #require(entry.open())
        ReplyTicket(unique: 77, channel: entry).succeed { $0.u64(0x0102_0304) }
        entry.buffer.withBytes(4) { bytes in #expect(bytes[0] == UInt8(ascii: "n")) }
        #expect(entry.settle(77))
        let reply = reply()
        #expect(reply.error == 0)
        #expect(reply.body == [4, 3, 2, 1, 0, 0, 0, 0])
    }

    @Test("data that was put where it belongs stays there, whatever its size")
    func inPlace() throws {
        arrive(opcode: .read, operation: [UInt8](repeating: 0, count: 40), payload: [])
        _ = try #require(entry.open())
        entry.buffer.withMutableBytes(5000) { bytes in
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index) }
        }
        ReplyTicket(unique: 77, channel: entry).succeed(5000, of: entry.buffer)
        let reply = reply()
        #expect(reply.body == (0..<5000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test("a reply larger than the place aside is copied, one larger than all refused")
    func large() throws {
        arrive(
            opcode: .getExtendedAttribute, operation: [0, 0, 0, 0, 0, 0, 0, 0], payload: [65, 0])
        _ = try #require(entry.open())
        let value = (0..<6000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        ReplyTicket(unique: 77, channel: entry).succeed(value.span)
        #expect(reply().body == value)
        let most = [UInt8](repeating: 1, count: Self.capacity + 17)
        #expect(throws: Errno.invalidArgument) { try entry.send(most.span) }
    }

    @Test("a kept request's entry goes back to its queue with the answer")
    func kept() throws {
        arrive(opcode: .waitForLock, operation: [UInt8](repeating: 0, count: 48), payload: [])
        _ = try #require(entry.open())
        #expect(!entry.settle(77))
        #expect(queue.takeReturned().isEmpty)
        ReplyTicket(unique: 77, channel: entry).succeed()
        let returned = queue.takeReturned()
        #expect(returned.count == 1)
        #expect(returned.first === entry)
        #expect(reply().unique == 77)
    }

    @Test("a service that drops a request answers it with EIO")
    func dropped() throws {
        arrive(opcode: .lookup, operation: [], payload: [65, 0])
        _ = try #require(entry.open())
        do { _ = ReplyTicket(unique: 77, channel: entry) }
        #expect(entry.settle(77))
        #expect(reply().error == -Errno.ioError.rawValue)
    }

    @Test("an interrupted request's entry goes on while the request is still carried")
    func interrupted() throws {
        arrive(opcode: .getAttributes, operation: [UInt8](repeating: 0, count: 16), payload: [])
        let (room, length) = try #require(entry.open())
        // A request in the entry's own memory cannot be interrupted.
        entry.interrupt(77)
        #expect(queue.takeReturned().isEmpty)
        let input = try TransferBuffer(capacity: Self.capacity)
        entry.copy(to: input, room: room, length: length)
        entry.interrupt(76)
        #expect(queue.takeReturned().isEmpty)
        entry.interrupt(77)
        entry.interrupt(77)
        #expect(queue.takeReturned().count == 1)
        #expect(entry.isAnswered)
        let reply = reply()
        #expect(reply.error == -Errno.interrupted.rawValue)
        #expect(reply.unique == 77)
        #expect(reply.body.isEmpty)
        // The next request uses the same entry, and the late answer of the first is dropped.
        arrive(opcode: .lookup, operation: [], payload: [65, 0], unique: 78)
        _ = try #require(entry.open())
        let wasTaken = ReplyTicket(unique: 77, channel: entry).succeed()
        #expect(!wasTaken)
        #expect(!entry.settle(77))
        #expect(!entry.isAnswered)
        ReplyTicket(unique: 78, channel: entry).fail(.noSuchFileOrDirectory)
        #expect(entry.settle(78))
        #expect(self.reply().unique == 78)
    }
}
