internal import Glibc

/// `pread`, repeated while a signal interrupts it. Returns the bytes read, or a negated `errno`.
package func positionalRead(
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
