/// The size of a ring. The kernel rounds both queues up to a power of two.
package struct RingConfiguration: Sendable {
    /// Operations that can be queued between two system calls, 1 to 32768.
    package var submissionEntries: UInt32
    /// Completions that can wait to be taken; at least the most operations in flight.
    package var completionEntries: UInt32
    /// Submissions of 128 bytes, which commands to a driver need (Linux 5.19).
    package var takesCommands: Bool

    package init(
        submissionEntries: UInt32, completionEntries: UInt32? = nil, takesCommands: Bool = false
    ) {
        self.submissionEntries = submissionEntries
        self.takesCommands = takesCommands
        self.completionEntries = completionEntries ?? submissionEntries * 2
    }
}

/// A completion as the kernel wrote it.
package struct RingCompletion {
    /// The `user_data` of the submission.
    package let token: UInt64
    /// The operation's result, or a negated `errno`.
    package let result: Int32
    /// `IORING_CQE_F_*`.
    package let flags: UInt32

    @inlinable
    init(token: UInt64, result: Int32, flags: UInt32) {
        self.token = token
        self.result = result
        self.flags = flags
    }
}
