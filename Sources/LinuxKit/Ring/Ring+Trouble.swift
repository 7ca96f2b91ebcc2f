internal import Glibc

// What everybody does who reads by a ring, once: when to try again, and when to give up.

extension Ring {
    /// The error of an ``enter(submitting:waitingFor:nanoseconds:)`` that no other enter can mend;
    /// nil where it worked, a signal came, time is up, memory is short, or completions must be
    /// taken first.
    package static func refusal(_ outcome: Int32) -> Int32? {
        guard outcome < 0 else { return nil }
        switch -outcome {
        case EINTR, EAGAIN, EBUSY, ETIME: return nil
        default: return -outcome
        }
    }

    /// The kernel takes no more entries, and may still write to the memory of those that it took.
    /// So the memory is never given back.
    package static func leaveToKernel(_ memory: AnyObject) {
        _ = unsafe Unmanaged.passRetained(memory)
    }
}

/// How often a read is started again before its `EINTR` or `EAGAIN` is passed on. Without a limit,
/// a non-blocking descriptor without data would be asked for ever.
package struct ReadAttempts: Sendable {
    package var left: UInt8

    @inlinable
    package init() { left = 16 }

    /// Whether a result calls for another try, which is then used up.
    @inlinable
    @inline(__always)
    package mutating func takesAnother(after result: Int) -> Bool {
        guard result == Int(-EINTR) || result == Int(-EAGAIN), left > 0 else { return false }
        left &-= 1
        return true
    }
}
