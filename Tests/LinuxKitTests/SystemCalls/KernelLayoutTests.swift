import CKernelABI
import Testing

@Suite("Layouts of the file interfaces as Swift sees them")
struct KernelLayoutTests {
    @Test("Structures have the kernel's sizes")
    func sizes() {
        #expect(MemoryLayout<bpio_statx>.size == 256)
        #expect(MemoryLayout<bpio_open_how>.size == 24)
        #expect(MemoryLayout<bpio_fiemap_extent>.size == 56)
        #expect(MemoryLayout<bpio_fsxattr>.size == 28)
        #expect(MemoryLayout<bpio_cachestat>.size == 40)
    }

    @Test("Fields that came after the first statx lie where Linux 6.18 has them")
    func statxOffsets() {
        typealias Status = bpio_statx
        #expect(MemoryLayout<Status>.offset(of: \.stx_mnt_id) == 0x90)
        #expect(MemoryLayout<Status>.offset(of: \.stx_dio_mem_align) == 0x98)
        #expect(MemoryLayout<Status>.offset(of: \.stx_dio_offset_align) == 0x9C)
        #expect(MemoryLayout<Status>.offset(of: \.stx_subvol) == 0xA0)
        #expect(MemoryLayout<Status>.offset(of: \.stx_dio_read_offset_align) == 0xB4)
    }
}
