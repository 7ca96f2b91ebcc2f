internal import Glibc
public import SystemPackage

/// A read or write on the calling thread. Its outcome is a number, so that nothing is thrown, boxed
/// or counted on the way.
public enum SynchronousTransfer {
    /// `pread(2)`, repeated while a signal interrupts it. Returns the bytes read, fewer than the
    /// span at the end of the file, or a negated `errno`.
    @inline(never)
    public static func read(
        _ fd: FileDescriptor, into buffer: inout MutableSpan<UInt8>, at offset: UInt64
    ) -> Int {
        unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            unsafe positionalRead(
                descriptor: fd.rawValue, into: UnsafeMutableRawPointer(bytes.baseAddress),
                count: bytes.count, offset: offset)
        }
    }

    /// `pwrite(2)`, repeated while a signal interrupts it. Returns the bytes written, or a negated
    /// `errno`.
    @inline(never)
    public static func write(
        _ fd: FileDescriptor, from bytes: Span<UInt8>, at offset: UInt64
    ) -> Int {
        guard let position = off_t(exactly: offset) else { return Int(-EINVAL) }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            while true {
                let outcome = unsafe pwrite(
                    fd.rawValue, bytes.baseAddress, bytes.count, position)
                guard outcome < 0 else { return outcome }
                let code = errno
                guard code == EINTR else { return Int(-code) }
            }
        }
    }
}
