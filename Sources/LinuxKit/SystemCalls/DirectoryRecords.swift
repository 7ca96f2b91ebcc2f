/// A directory entry as getdents64(2) lays it out. Its name stays in the buffer.
package struct DirectoryRecord: Sendable, Hashable {
    package var inode: UInt64
    /// The position of the next entry: a seek there continues behind this entry. Opaque, any 64
    /// bits.
    package var cookie: Int64
    /// DT_* number; 0 if the file system does not report it.
    package var type: UInt8
    /// The range of the name's bytes in the buffer, without the NUL.
    package var name: Range<Int>
}

/// Walks the records that ``SystemCall/directoryRecords(of:into:)`` left in a buffer.
///
///     var records = DirectoryRecords(length: filled)
///     while let record = records.next(in: buffer) { … buffer.extracting(record.name) … }
///
/// Every offset is checked against the filled length, and a record that does not fit ends the walk.
package struct DirectoryRecords: Sendable {
    /// inode 8, cookie 8, record length 2, type 1 (linux_dirent64).
    private static let headerSize = 19
    private let length: Int
    private var position = 0

    /// - Parameter length: how many bytes of the buffer the kernel filled.
    package init(length: Int) {
        self.length = length
    }

    /// The next record; nil at the end.
    package mutating func next(in buffer: RawSpan) -> DirectoryRecord? {
        let end = min(length, buffer.byteCount)
        guard position >= 0, end - position > Self.headerSize else { return nil }
        let inode = Self.littleEndian(buffer, at: position, bytes: 8)
        let cookie = Self.littleEndian(buffer, at: position + 8, bytes: 8)
        let size = Int(Self.littleEndian(buffer, at: position + 16, bytes: 2))
        let type = UInt8(Self.littleEndian(buffer, at: position + 18, bytes: 1))
        guard size > Self.headerSize, size <= end - position else {
            position = end
            return nil
        }
        let start = position + Self.headerSize
        var stop = start
        while stop < position + size, Self.littleEndian(buffer, at: stop, bytes: 1) != 0 {
            stop += 1
        }
        position += size
        return DirectoryRecord(
            inode: inode, cookie: Int64(bitPattern: cookie), type: type, name: start..<stop)
    }

    // Both supported architectures are little-endian.
    private static func littleEndian(_ buffer: RawSpan, at offset: Int, bytes: Int) -> UInt64 {
        switch bytes {
        case 8: unsafe buffer.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        case 2:
            UInt64(unsafe buffer.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
        default: UInt64(unsafe buffer.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
    }
}
