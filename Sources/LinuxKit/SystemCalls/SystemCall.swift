package import SystemPackage

/// The system calls of the host file system, one function each, named after its manual page.
///
/// Every function retries when a signal interrupts it (EINTR), throws the kernel's `Errno`, and
/// takes and returns safe types only. Descriptors may be shared between threads; the functions keep
/// no state of their own.
package enum SystemCall {
    /// Runs a call that returns a value or -errno until no signal interrupts it.
    @inline(__always)
    package static func retrying(_ call: () -> Int64) throws(Errno) -> Int64 {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = Errno(rawValue: CInt(truncatingIfNeeded: -result))
            if error != .interrupted { throw error }
        }
    }

    /// As ``retrying(_:)``, for calls that return an `int`.
    @inline(__always)
    package static func retryingInt(_ call: () -> CInt) throws(Errno) -> CInt {
        CInt(truncatingIfNeeded: try retrying { Int64(call()) })
    }
}
