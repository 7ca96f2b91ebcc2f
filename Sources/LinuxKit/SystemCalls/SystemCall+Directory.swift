internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// getdents64(2): Fill `buffer` with directory records; 0 at the end of the directory.
    ///
    /// Read the records with ``DirectoryRecords``. The position belongs to the open file
    /// description: move it with ``seek(_:to:from:)`` to a record's cookie.
    /// - Throws: EINVAL if the buffer cannot hold a record (24 bytes + name).
    package static func directoryRecords(
        of directory: FileDescriptor, into buffer: inout MutableRawSpan
    ) throws(Errno) -> Int {
        let count = try unsafe buffer.withUnsafeMutableBytes {
            (bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> Int64 in
            try retrying {
                unsafe bpio_getdents64(directory.rawValue, bytes.baseAddress, bytes.count)
            }
        }
        return Int(count)
    }

    /// readlinkat(2): The target of a symbolic link, any bytes.
    ///
    /// With an empty path the link is `directory` itself, opened O_PATH | O_NOFOLLOW.
    package static func readLink(
        _ path: FilePath, at directory: FileDescriptor? = nil
    ) throws(Errno) -> [UInt8] {
        var capacity = 256
        while true {
            var target = [UInt8](repeating: 0, count: capacity)
            let count = try retrying {
                unsafe target.withUnsafeMutableBytes { bytes in
                    unsafe path.withPlatformString { name in
                        unsafe bpio_readlinkat(
                            number(of: directory), name, bytes.baseAddress, bytes.count)
                    }
                }
            }
            if count < capacity {
                target.removeLast(capacity - Int(count))
                return target
            }
            // A full buffer may mean that the target was cut: readlink does not say.
            capacity *= 2
        }
    }

    /// mkdirat(2): Make a directory; the umask applies.
    package static func makeDirectory(
        _ path: FilePath, at directory: FileDescriptor? = nil, mode: UInt32
    ) throws(Errno) {
        try unsafe withName(path) { unsafe bpio_mkdirat(number(of: directory), $0, mode) }
    }

    /// mknodat(2): Make a device node, FIFO, socket or regular file (`mode` holds the type).
    package static func makeNode(
        _ path: FilePath, at directory: FileDescriptor? = nil, mode: UInt32,
        device: DeviceNumber = DeviceNumber(major: 0, minor: 0)
    ) throws(Errno) {
        try unsafe withName(path) {
            unsafe bpio_mknodat(number(of: directory), $0, mode, device.major, device.minor)
        }
    }

    /// symlinkat(2): Make a symbolic link with this target, bytes without NUL.
    package static func makeSymbolicLink(
        to target: [UInt8], named path: FilePath, at directory: FileDescriptor? = nil
    ) throws(Errno) {
        guard !target.contains(0) else { throw .invalidArgument }
        let text = target.map { CChar(bitPattern: $0) } + [0]
        try unsafe withName(path) { name in
            unsafe text.withUnsafeBufferPointer { bytes in
                // `text` ends in NUL, so it is never empty and its address exists.
                guard let start = bytes.baseAddress else { return -Errno.invalidArgument.rawValue }
                return unsafe bpio_symlinkat(start, number(of: directory), name)
            }
        }
    }

    /// unlinkat(2): Remove a name; `isDirectory` removes an empty directory instead.
    package static func unlink(
        _ path: FilePath, at directory: FileDescriptor? = nil, isDirectory: Bool = false
    ) throws(Errno) {
        let flags = isDirectory ? BPIO_AT_REMOVEDIR : 0
        try unsafe withName(path) { unsafe bpio_unlinkat(number(of: directory), $0, flags) }
    }

    /// linkat(2): Give a file a second name. A symbolic link is linked itself, not followed.
    package static func link(
        _ source: FilePath, at sourceDirectory: FileDescriptor? = nil,
        to path: FilePath, at directory: FileDescriptor? = nil
    ) throws(Errno) {
        try unsafe withNames(source, path) {
            unsafe bpio_linkat(number(of: sourceDirectory), $0, number(of: directory), $1, 0)
        }
    }

    /// linkat(2) of /proc/self/fd/N: Name an open file (O_PATH or O_TMPFILE).
    package static func link(
        _ descriptor: FileDescriptor, to path: FilePath, at directory: FileDescriptor? = nil
    ) throws(Errno) {
        try unsafe withNames(magicLink(of: descriptor), path) {
            unsafe bpio_linkat(
                BPIO_AT_FDCWD, $0, number(of: directory), $1, BPIO_AT_SYMLINK_FOLLOW)
        }
    }

    /// The behaviour of renameat2(2) if the new name exists.
    package enum RenameMode: Sendable {
        case replacing
        /// RENAME_NOREPLACE: EEXIST.
        case keepingExisting
        /// RENAME_EXCHANGE: both names swap their files.
        case exchanging
    }

    /// renameat2(2): Rename, in one step for every observer.
    package static func rename(
        _ source: FilePath, at sourceDirectory: FileDescriptor? = nil,
        to path: FilePath, at directory: FileDescriptor? = nil, _ mode: RenameMode = .replacing
    ) throws(Errno) {
        let flags: UInt32 =
            switch mode {
            case .replacing: 0
            case .keepingExisting: BPIO_RENAME_NOREPLACE
            case .exchanging: BPIO_RENAME_EXCHANGE
            }
        try unsafe withNames(source, path) {
            unsafe bpio_renameat2(
                number(of: sourceDirectory), $0, number(of: directory), $1, flags)
        }
    }

    /// Lends a path's C string to a call, which is retried while signals interrupt it.
    @discardableResult
    package static func withName(
        _ path: FilePath, _ call: (UnsafePointer<CChar>) -> CInt
    ) throws(Errno) -> CInt {
        try retryingInt { unsafe path.withPlatformString { unsafe call($0) } }
    }

    package static func withNames(
        _ first: FilePath, _ second: FilePath,
        _ call: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> CInt
    ) throws(Errno) {
        _ = try retryingInt {
            unsafe first.withPlatformString { one in
                unsafe second.withPlatformString { two in unsafe call(one, two) }
            }
        }
    }
}

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
