import DirectRead
import SystemPackage
import Testing

@Suite("BufferSlab")
struct BufferSlabTests {
    @Test("every slot starts on a page of zeroes", arguments: [1, 511, 4096, 4097, 65536])
    func slots(slotSize: Int) throws {
        var slab = try BufferSlab(slotCount: 5, slotSize: slotSize)
        #expect(slab.stride % 4096 == 0)
        #expect(slab.stride >= slotSize && slab.stride < slotSize + 4096)
        #expect(slab.byteCount == 5 * slab.stride)
        for slot in 0..<5 {
            let address = unsafe slab.bytes(ofSlot: slot, count: 1).withUnsafeBytes {
                UInt(bitPattern: $0.baseAddress)
            }
            #expect(address % 4096 == 0)
            let first = unsafe slab.bytes(ofSlot: slot, count: slotSize)
                .unsafeLoad(fromByteOffset: slotSize - 1, as: UInt8.self)
            #expect(first == 0)
            var bytes = slab.mutableBytes(ofSlot: slot)
            for index in 0..<bytes.byteCount {
                bytes.storeBytes(of: UInt8(slot + 1), toByteOffset: index, as: UInt8.self)
            }
        }
        for slot in 0..<5 {
            let last = unsafe slab.bytes(ofSlot: slot, count: slotSize)
                .unsafeLoad(fromByteOffset: slotSize - 1, as: UInt8.self)
            #expect(last == UInt8(slot + 1))
        }
    }

    @Test("sizes that cannot be")
    func badSizes() {
        #expect(throws: Errno.invalidArgument) {
            _ = try BufferSlab(slotCount: 0, slotSize: 1)
        }
        #expect(throws: Errno.invalidArgument) {
            _ = try BufferSlab(slotCount: 1, slotSize: 0)
        }
        #expect(throws: Errno.overflow) {
            _ = try BufferSlab(slotCount: 1 << 20, slotSize: 1 << 50)
        }
        #expect(throws: Errno.overflow) {
            _ = try BufferSlab(slotCount: 1, slotSize: .max)
        }
        #expect(throws: Errno.noMemory) {
            _ = try BufferSlab(slotCount: 1, slotSize: 1 << 50)
        }
    }

    @Test("no byte beyond a slot can be had")
    func outOfRange() async {
        await #expect(processExitsWith: .failure) {
            let slab = try BufferSlab(slotCount: 1, slotSize: 100)
            _ = slab.bytes(ofSlot: 0, count: 101).byteCount
        }
        await #expect(processExitsWith: .failure) {
            let slab = try BufferSlab(slotCount: 1, slotSize: 100)
            _ = slab.bytes(ofSlot: 1, count: 1).byteCount
        }
    }
}
