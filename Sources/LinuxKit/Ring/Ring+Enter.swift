internal import CKernelABI
internal import Glibc

extension Ring {
    /// Submits everything queued and waits for `minimum` completions in the queue, in one system
    /// call.
    ///
    /// - Parameters:
    ///   - submitting: whether to submit; `false` only waits.
    ///   - minimum: completions to wait for, counting those not yet taken; 0 does not wait.
    ///   - nanoseconds: how long to wait at most; `nil` for ever.
    /// - Returns: entries that the kernel took, or a negated errno: `ETIME` if time ran out and
    ///   nothing was submitted, `EINTR`, `EBUSY` if completions must be taken first, `EAGAIN` if
    ///   memory is short for the moment.
    package mutating func enter(
        submitting: Bool = true, waitingFor minimum: UInt32, nanoseconds: Int64? = nil
    ) -> Int32 {
        unsafe bpio_store_release(sharedTail, localTail)
        let count = submitting ? unsubmitted : 0
        // Always GETEVENTS: it also runs work that DEFER_TASKRUN put off, and brings in overflow.
        let flags = enterFlags | UInt32(BPIO_RING_ENTER_GETEVENTS)
        guard let nanoseconds else {
            return calls.enter(enterTarget, count, minimum, flags, nil)
        }
        var limit = bpio_timespec(
            tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        return unsafe withUnsafePointer(to: &limit) { limit in
            var argument = bpio_getevents_arg()
            argument.timespec = UInt64(UInt(bitPattern: limit))
            return unsafe calls.enter(
                enterTarget, count, minimum, flags | UInt32(BPIO_RING_ENTER_EXT_ARG),
                &argument)
        }
    }

    /// Whether completions wait inside the kernel. Only an enter brings them out.
    package var hasCompletionsInKernel: Bool {
        let waiting = UInt32(BPIO_RING_SQ_TASKRUN | BPIO_RING_SQ_CQ_OVERFLOW)
        return unsafe bpio_load_relaxed(submissionFlags) & waiting != 0
    }

    /// Takes the oldest completion from the queue, without a system call.
    @inlinable
    @inline(__always)
    package mutating func nextCompletion() -> RingCompletion? {
        guard unsafe completionHead != bpio_load_acquire(completionTail) else { return nil }
        let entry = unsafe completions[Int(completionHead & completionMask)]
        completionHead &+= 1
        unsafe bpio_store_release(sharedHead, completionHead)
        return RingCompletion(token: entry.user_data, result: entry.res, flags: entry.flags)
    }
}
