import Testing

@testable import FUSE

/// The place of a large read's answer in a thread's memory.
@Suite("Places of transfers")
struct TransferPlaceTests {
    private let buffer: TransferBuffer

    init() throws {
        buffer = try TransferBuffer(capacity: 1 << 20)
    }

    private func places(_ count: Int, _ size: Int, fromDisk: Bool) -> [UInt] {
        (0..<count).map { _ in
            buffer.prepare(toHold: size, fromDisk: fromDisk)
            return unsafe UInt(bitPattern: buffer.start)
        }
    }

    @Test(
        "a large read from the disk does not lie where the one before did",
        arguments: [64, 100, 512, 1024])
    func turns(_ kibibytes: Int) {
        let size = kibibytes << 10
        let places = places(64, size, fromDisk: true)
        for (place, next) in zip(places, places.dropFirst()) {
            #expect(place + UInt(size) <= next || next + UInt(size) <= place)
        }
        #expect(places.allSatisfy { $0 % 4096 == 0 }, "direct I/O goes to whole pages")
    }

    @Test("a read of any size leaves the next one on a page boundary")
    func oddSizes() {
        for size in [65_537, 66_048, 100_000, 262_143, 1_000_001] {
            #expect(places(20, size, fromDisk: true).allSatisfy { $0 % 4096 == 0 })
        }
    }

    @Test("those of 64 KiB stay in one huge page, and use all of it")
    func rest() {
        let places = Set(places(100, 64 << 10, fromDisk: true))
        #expect(places.count == 31)
        #expect(Set(places.map { $0 >> 21 }).count == 1)
    }

    @Test("one from the cache has the place that it always had")
    func cached() {
        let first = places(1, 64 << 10, fromDisk: false)[0]
        _ = places(3, 64 << 10, fromDisk: true)
        #expect(places(2, 64 << 10, fromDisk: false) == [first, first])
    }

    @Test("small ones move nothing")
    func small() {
        let place = places(1, 64 << 10, fromDisk: true)[0]
        #expect(places(2, 4096, fromDisk: true) == [place, place])
    }

    @Test("in every place there is room for the largest transfer and the headers before it")
    func room() {
        for size in [64 << 10, 333 << 10, 1 << 20] {
            for turn in 0..<40 {
                buffer.prepare(toHold: size, fromDisk: true)
                buffer.withMutableMessage(header: 80) { message in
                    #expect(message.count == 80 + (1 << 20))
                    message[0] = UInt8(turn)
                    message[message.count - 1] = UInt8(turn)
                }
                buffer.withBytes(1 << 20) { bytes in
                    #expect(bytes[bytes.count - 1] == UInt8(turn))
                }
            }
        }
    }
}
