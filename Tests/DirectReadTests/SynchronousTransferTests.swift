import DirectRead
import SystemPackage
import Testing

@Suite("SynchronousTransfer")
struct SynchronousTransferTests {
    @Test("reads what the file holds and is short at its end")
    func reads() throws {
        let file = try TemporaryFile(size: 8192 + 512)
        var slab = try BufferSlab(slotCount: 1, slotSize: 4096)
        for (offset, expected) in [(0, 4096), (4096, 4096), (8192, 512), (12288, 0)] {
            var content = [UInt8](repeating: 0, count: 4096)
            var bytes = content.mutableSpan
            let count = SynchronousTransfer.read(file.descriptor, into: &bytes, at: UInt64(offset))
            #expect(count == expected)
            var place = slab.mutableBytes(ofSlot: 0)
            for index in 0..<expected {
                place.storeBytes(of: content[index], toByteOffset: index, as: UInt8.self)
            }
            let isRight = file.holds(slab.bytes(ofSlot: 0, count: expected), at: offset)
            #expect(isRight)
        }
    }

    @Test("errors are the kernel's, as negative numbers")
    func errors() throws {
        func outcome(_ fd: FileDescriptor, _ offset: UInt64) -> Int {
            var content = [UInt8](repeating: 0, count: 512)
            var bytes = content.mutableSpan
            return SynchronousTransfer.read(fd, into: &bytes, at: offset)
        }
        func negative(_ errno: Errno) -> Int { -Int(errno.rawValue) }
        #expect(outcome(FileDescriptor(rawValue: -1), 0) == negative(.badFileDescriptor))
        let directory = try FileDescriptor.open(FilePath("/var/tmp"), .readOnly)
        defer { try? directory.close() }
        #expect(outcome(directory, 0) == negative(.isDirectory))
        #expect(outcome(directory, .max) == negative(.invalidArgument))
    }
}
