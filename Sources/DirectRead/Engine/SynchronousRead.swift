import Glibc
public import SystemPackage

/// One read on the calling thread, for the paths that are not worth a queue.
public enum SynchronousRead {
    /// Reads at byte `offset` with `pread(2)`, repeating what a signal interrupted.
    ///
    /// Any thread; the file position does not move.
    ///
    /// - Returns: bytes read, fewer than the span holds at the end of the file.
    /// - Throws: the `errno` of `pread`; `EINVAL` for an offset beyond `Int64.max`.
    public static func read(
        _ fd: FileDescriptor, into buffer: inout MutableRawSpan, at offset: UInt64
    ) throws(Errno) -> Int {
        let outcome = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe positionalRead(
                descriptor: fd.rawValue, into: bytes.baseAddress, count: bytes.count,
                offset: offset)
        }
        guard outcome >= 0 else { throw Errno(rawValue: CInt(-outcome)) }
        return outcome
    }
}

/// `pread`, repeated while a signal interrupts it. Bytes read, or a negated `errno`.
func positionalRead(
    descriptor: CInt, into start: UnsafeMutableRawPointer?, count: Int, offset: UInt64
) -> Int {
    guard let position = off_t(exactly: offset) else { return Int(-EINVAL) }
    while true {
        let outcome = unsafe pread(descriptor, start, count, position)
        guard outcome < 0 else { return outcome }
        let code = errno
        guard code == EINTR else { return Int(-code) }
    }
}
