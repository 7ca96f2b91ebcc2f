import DirectRead
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@Suite("SynchronousTransfer")
struct SynchronousTransferTests {
    @Test("reads what the file holds and is short at its end")
    func reads() throws {
        let file = try TemporaryFile(size: 8192 + 512)
        let buffer = try AlignedBuffer(capacity: 4096)
        for (offset, expected) in [(0, 4096), (4096, 4096), (8192, 512), (12288, 0)] {
            let count = buffer.withMutableBytes(4096) { bytes in
                SynchronousTransfer.read(file.descriptor, into: &bytes, at: UInt64(offset))
            }
            #expect(count == expected)
            let isRight = buffer.withBytes(expected) { bytes in
                unsafe file.holds(bytes.bytes, at: offset)
            }
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
