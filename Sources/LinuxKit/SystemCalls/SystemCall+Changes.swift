internal import CKernelABI
package import SystemPackage

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
