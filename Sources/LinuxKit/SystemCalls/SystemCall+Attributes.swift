internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// fchmod(2), or chmod(2) of /proc/self/fd/N for an O_PATH descriptor (EBADF from fchmod).
    package static func changeMode(
        of descriptor: FileDescriptor, to mode: UInt32
    ) throws(Errno) {
        do {
            _ = try retryingInt { bpio_fchmod(descriptor.rawValue, mode) }
        } catch .badFileDescriptor {
            try unsafe withName(magicLink(of: descriptor)) { unsafe bpio_chmod($0, mode) }
        }
    }

    /// fchmodat2(2): Mode of a name that is not followed (Linux 6.6).
    ///
    /// - Throws: EOPNOTSUPP for a symbolic link, ENOSYS before 6.6.
    package static func changeMode(
        of path: FilePath, at directory: FileDescriptor, to mode: UInt32
    ) throws(Errno) {
        try unsafe withName(path) {
            unsafe bpio_fchmodat2(directory.rawValue, $0, mode, BPIO_AT_SYMLINK_NOFOLLOW)
        }
    }

    /// fchownat(2) with AT_EMPTY_PATH: Owner of an open file, O_PATH and symbolic links included.
    ///
    /// nil leaves that half as it is.
    package static func changeOwner(
        of descriptor: FileDescriptor, user: UInt32?, group: UInt32?
    ) throws(Errno) {
        _ = try retryingInt {
            unsafe bpio_fchownat(
                descriptor.rawValue, "", user ?? .max, group ?? .max, BPIO_AT_EMPTY_PATH)
        }
    }

    /// fchownat(2): Owner of a name that is not followed.
    package static func changeOwner(
        of path: FilePath, at directory: FileDescriptor, user: UInt32?, group: UInt32?
    ) throws(Errno) {
        try unsafe withName(path) {
            unsafe bpio_fchownat(
                directory.rawValue, $0, user ?? .max, group ?? .max, BPIO_AT_SYMLINK_NOFOLLOW)
        }
    }

    /// A change of one time stamp by utimensat(2).
    package enum TimeChange: Sendable, Hashable {
        case keep
        case now
        case set(FileStatus.Time)

        fileprivate var raw: bpio_time {
            switch self {
            case .keep: bpio_time(seconds: 0, nanoseconds: Int64(BPIO_UTIME_OMIT))
            case .now: bpio_time(seconds: 0, nanoseconds: Int64(BPIO_UTIME_NOW))
            case .set(let time):
                bpio_time(seconds: time.seconds, nanoseconds: Int64(time.nanoseconds))
            }
        }
    }

    /// utimensat(2) with AT_EMPTY_PATH: Times of an open file, O_PATH included (Linux 5.8).
    package static func changeTimes(
        of descriptor: FileDescriptor, accessed: TimeChange, modified: TimeChange
    ) throws(Errno) {
        var (first, second) = (accessed.raw, modified.raw)
        _ = try retryingInt {
            unsafe bpio_utimensat(
                descriptor.rawValue, "", &first, &second, BPIO_AT_EMPTY_PATH)
        }
    }

    /// utimensat(2): Times of a name that is not followed.
    package static func changeTimes(
        of path: FilePath, at directory: FileDescriptor, accessed: TimeChange,
        modified: TimeChange
    ) throws(Errno) {
        var (first, second) = (accessed.raw, modified.raw)
        try unsafe withName(path) {
            unsafe bpio_utimensat(
                directory.rawValue, $0, &first, &second, BPIO_AT_SYMLINK_NOFOLLOW)
        }
    }
}

// Calls for the file-system driver, with arrays and with every flag.
extension SystemCall {
    /// setxattr(2) with a value in an array.
    package static func setExtendedAttribute(
        _ name: [UInt8], of descriptor: FileDescriptor, to value: [UInt8], _ mode: AttributeSetMode
    ) throws(Errno) {
        try unsafe setExtendedAttribute(name, of: descriptor, to: value.span.bytes, mode)
    }

    /// Flags of renameat2(2).
    package struct RenameFlags: OptionSet, Sendable, Hashable {
        package var rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let noReplace = RenameFlags(rawValue: BPIO_RENAME_NOREPLACE)
        package static let exchange = RenameFlags(rawValue: BPIO_RENAME_EXCHANGE)
        package static let whiteout = RenameFlags(rawValue: BPIO_RENAME_WHITEOUT)
    }

    /// renameat2(2) with every flag. EINVAL for flags that exclude each other or that the file
    /// system does not know.
    package static func rename(
        _ source: FilePath, at sourceDirectory: FileDescriptor, to path: FilePath,
        at directory: FileDescriptor, flags: RenameFlags
    ) throws(Errno) {
        try unsafe withNames(source, path) {
            unsafe bpio_renameat2(
                sourceDirectory.rawValue, $0, directory.rawValue, $1, flags.rawValue)
        }
    }

    /// getdents64(2) into an array. Returns every record of it, none at the end of the directory.
    package static func records(
        of directory: FileDescriptor, using bytes: inout [UInt8]
    ) throws(Errno) -> [DirectoryRecord] {
        let filled = try directoryRecords(of: directory, into: &bytes)
        var walk = DirectoryRecords(length: filled)
        var records: [DirectoryRecord] = []
        while let record = unsafe walk.next(in: bytes.span.bytes) { records.append(record) }
        return records
    }
}
