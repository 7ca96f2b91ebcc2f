import Glibc
package import SystemPackage

/// A file on the disk (not tmpfs, which has no direct I/O of its own). Every 8 bytes of it depend
/// on their place. It is removed at the end.
package final class TemporaryFile {
    package let path: FilePath
    package let descriptor: FileDescriptor
    package let size: Int
    package let isDirect: Bool
    private let content: [UInt8]

    // O_DIRECT: Glibc's module hides it, and its number depends on the architecture.
    #if arch(arm64)
        private static let direct: CInt = 0o200000
    #else
        private static let direct: CInt = 0o40000
    #endif

    /// Opens with O_DIRECT where the file system accepts it; see `isDirect`.
    package init(size: Int, direct: Bool = true) throws {
        self.size = size
        path = FilePath("/var/tmp/bypassio-test-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        let writer = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        var content = [UInt8](repeating: 0, count: size)
        for index in content.indices { content[index] = Self.byte(at: index) }
        self.content = content
        try writer.writeAll(content)
        try writer.close()
        let flag = FileDescriptor.OpenOptions(rawValue: Self.direct)
        if direct, let opened = try? FileDescriptor.open(path, .readOnly, options: flag) {
            descriptor = opened
            isDirect = true
        } else {
            descriptor = try FileDescriptor.open(path, .readOnly)
            isDirect = false
        }
    }

    deinit {
        try? descriptor.close()
        _ = unsafe unlink(path.string)
    }

    /// A hash of the position, so that bytes from a wrong offset never look right.
    package static func byte(at position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (position / 8) &* 0x9E37_79B9 >> 7 &+ position)
    }

    /// Whether `bytes` are those of the file at `offset`.
    package func holds(_ bytes: RawSpan, at offset: Int) -> Bool {
        guard offset + bytes.byteCount <= size else { return bytes.byteCount == 0 }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe content.withUnsafeBytes { content in
                guard let expected = content.baseAddress, let found = bytes.baseAddress else {
                    return unsafe bytes.isEmpty
                }
                return unsafe memcmp(expected + offset, found, bytes.count) == 0
            }
        }
    }
}
