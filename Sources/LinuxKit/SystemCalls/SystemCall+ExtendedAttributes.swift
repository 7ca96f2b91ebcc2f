internal import CKernelABI
package import SystemPackage

// Extended attributes go through /proc/self/fd/N, because the f*xattr calls refuse O_PATH
// descriptors. That link leads to the open file itself. If the open file is a symbolic link, the
// kernel follows the magic link only as far as that, so links work as well.
extension SystemCall {
    /// Whether setxattr(2) may create or replace.
    package enum AttributeSetMode: Int32, Sendable {
        case any = 0
        /// EEXIST if it is there.
        case create = 1
        /// ENODATA if it is not there.
        case replace = 2
    }

    /// getxattr(2): The value's size if `buffer` is empty, otherwise the bytes copied into it.
    ///
    /// - Throws: ENODATA without that attribute, ERANGE if the buffer is too small.
    package static func extendedAttribute(
        _ name: [UInt8], of descriptor: FileDescriptor, into buffer: inout MutableRawSpan
    ) throws(Errno) -> Int {
        let name = try attributeName(name)
        let path = magicLink(of: descriptor)
        let count = try unsafe buffer.withUnsafeMutableBytes {
            (bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> Int64 in
            try retrying {
                unsafe path.withPlatformString { link in
                    unsafe name.withUnsafeBufferPointer { unsafe getAttribute(link, $0, bytes) }
                }
            }
        }
        return Int(count)
    }

    /// listxattr(2): All names, each with a closing NUL; the size needed if `buffer` is empty.
    ///
    /// - Throws: ERANGE if the buffer is too small.
    package static func extendedAttributeNames(
        of descriptor: FileDescriptor, into buffer: inout MutableRawSpan
    ) throws(Errno) -> Int {
        let path = magicLink(of: descriptor)
        let count = try unsafe buffer.withUnsafeMutableBytes {
            (bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> Int64 in
            try retrying {
                unsafe path.withPlatformString { link in
                    unsafe bpio_listxattr(link, bytes.baseAddress, bytes.count)
                }
            }
        }
        return Int(count)
    }

    /// setxattr(2): Set a value.
    package static func setExtendedAttribute(
        _ name: [UInt8], of descriptor: FileDescriptor, to value: RawSpan,
        _ mode: AttributeSetMode = .any
    ) throws(Errno) {
        let name = try attributeName(name)
        let path = magicLink(of: descriptor)
        _ = try retryingInt {
            unsafe value.withUnsafeBytes { bytes in
                unsafe path.withPlatformString { link in
                    unsafe name.withUnsafeBufferPointer { text in
                        guard let start = text.baseAddress else { return -invalid }
                        return unsafe bpio_setxattr(
                            link, start, bytes.baseAddress, bytes.count, mode.rawValue)
                    }
                }
            }
        }
    }

    /// removexattr(2): Remove an attribute.
    package static func removeExtendedAttribute(
        _ name: [UInt8], of descriptor: FileDescriptor
    ) throws(Errno) {
        let name = try attributeName(name)
        try unsafe withName(magicLink(of: descriptor)) { link in
            unsafe name.withUnsafeBufferPointer { text in
                guard let start = text.baseAddress else { return -invalid }
                return unsafe bpio_removexattr(link, start)
            }
        }
    }

    private static let invalid = Errno.invalidArgument.rawValue

    private static func attributeName(_ bytes: [UInt8]) throws(Errno) -> [CChar] {
        guard !bytes.contains(0) else { throw .invalidArgument }
        return bytes.map { CChar(bitPattern: $0) } + [0]
    }

    private static func getAttribute(
        _ link: UnsafePointer<CChar>, _ name: UnsafeBufferPointer<CChar>,
        _ bytes: UnsafeMutableRawBufferPointer
    ) -> Int64 {
        guard let start = name.baseAddress else { return -Int64(invalid) }
        return unsafe bpio_getxattr(link, start, bytes.baseAddress, bytes.count)
    }
}
