package import CKernelABI
internal import Glibc
internal import SystemPackage

/// An io_uring: a queue of submissions and a queue of completions shared with the kernel.
///
/// **Thread rule.** Only the thread that made the ring may use it; a kernel with
/// `IORING_SETUP_SINGLE_ISSUER` refuses others. The kernel cancels the operations in flight when
/// that thread exits.
///
/// Completions are taken with `nextCompletion`, never from inside a submission, so nothing here
/// calls back and nothing recurses.
@safe
package struct Ring: ~Copyable {
    /// `IORING_SETUP_*` flags that this kernel took.
    package let setupFlags: UInt32
    /// `IORING_FEAT_*` bits that this kernel reported.
    package let features: UInt32
    /// Operations that can be queued between two system calls.
    package let submissionEntries: UInt32

    let operations: RingOperations
    let calls: RingSystemCalls
    let threadRule = ThreadRule()
    let descriptor: OwnedDescriptor

    // The argument of `io_uring_enter`: the descriptor, or its place in this thread's ring table.
    var enterTarget: CInt
    var enterFlags: UInt32 = 0

    private let queues: MemoryMapping
    private let entryPages: MemoryMapping

    @usableFromInline let submissionMask: UInt32
    @usableFromInline let kernelHead: UnsafeMutablePointer<UInt32>
    @usableFromInline let sharedTail: UnsafeMutablePointer<UInt32>
    let submissionFlags: UnsafeMutablePointer<UInt32>
    @usableFromInline let entries: UnsafeMutablePointer<bpio_sqe>
    /// The shift of an entry's index: an entry is one `bpio_sqe`, or two if the ring takes
    /// commands.
    @usableFromInline let entryShift: UInt32
    // Tail of the submissions filled in. The shared tail follows when they are submitted.
    @usableFromInline var localTail: UInt32 = 0

    @usableFromInline let completionMask: UInt32
    @usableFromInline let sharedHead: UnsafeMutablePointer<UInt32>
    @usableFromInline let completionTail: UnsafeMutablePointer<UInt32>
    @usableFromInline let completions: UnsafeMutablePointer<bpio_cqe>
    @usableFromInline var completionHead: UInt32 = 0

    /// Makes a ring with as many of the cheaper modes as the kernel has, and registers its
    /// descriptor with this thread if possible.
    ///
    /// - Throws: ``RingUnavailable`` with the cause and the remedy.
    package init(
        _ configuration: RingConfiguration, calls: RingSystemCalls = .kernel
    ) throws(RingUnavailable) {
        var parameters = bpio_ring_params()
        let number = try Self.setUp(configuration, &parameters, calls)
        let descriptor = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
        let operations = RingOperations(ring: number, calls: calls)
        let lacking = RingRequirement.all.filter { requirement in
            requirement.isEssential
                && !Self.has(requirement, parameters.features, operations, parameters.flags)
        }
        guard lacking.isEmpty else { throw .lacks(lacking) }

        let queues = try Self.map(
            Self.queueBytes(parameters), of: number, at: Int(BPIO_RING_OFF_SQ_RING))
        let entryPages = try Self.map(
            Int(parameters.sq_entries) * MemoryLayout<bpio_sqe>.stride
                << (configuration.takesCommands ? 1 : 0),
            of: number, at: Int(BPIO_RING_OFF_SQES))

        let base = unsafe queues.base
        let submission = parameters.sq_off
        let completion = parameters.cq_off
        unsafe kernelHead = Self.word(base, submission.head)
        unsafe sharedTail = Self.word(base, submission.tail)
        unsafe submissionFlags = Self.word(base, submission.flags)
        unsafe sharedHead = Self.word(base, completion.head)
        unsafe completionTail = Self.word(base, completion.tail)
        unsafe completions = (base + Int(completion.cqes))
            .assumingMemoryBound(to: bpio_cqe.self)
        unsafe entries = entryPages.base.assumingMemoryBound(to: bpio_sqe.self)
        unsafe submissionMask = Self.word(base, submission.ring_mask).pointee
        unsafe completionMask = Self.word(base, completion.ring_mask).pointee
        if parameters.flags & UInt32(BPIO_RING_SETUP_NO_SQARRAY) == 0 {
            // Entries are always used in order, so the indirection is filled in once.
            let indirection = unsafe Self.word(base, submission.array)
            for index in 0..<parameters.sq_entries { unsafe indirection[Int(index)] = index }
        }

        entryShift = configuration.takesCommands ? 1 : 0
        setupFlags = parameters.flags
        features = parameters.features
        submissionEntries = parameters.sq_entries
        self.operations = operations
        self.calls = calls
        self.queues = queues
        self.entryPages = entryPages
        enterTarget = number
        self.descriptor = descriptor
        registerOwnDescriptor()
    }

    deinit {
        unregisterOwnDescriptor()
    }

    /// Whether this ring meets the requirement.
    package func has(_ requirement: RingRequirement) -> Bool {
        Self.has(requirement, features, operations, setupFlags)
    }

    /// Whether the kernel sees the ring through this thread's table of rings.
    package var isDescriptorRegistered: Bool { enterFlags != 0 }

    private static func has(
        _ requirement: RingRequirement, _ features: UInt32, _ operations: RingOperations,
        _ setupFlags: UInt32
    ) -> Bool {
        switch requirement.kind {
        case .feature(let bit): features & bit != 0
        case .operation(let code): operations.contains(code)
        case .setupFlag(let bit): setupFlags & bit != 0
        }
    }

    private static func word(
        _ base: UnsafeMutableRawPointer, _ offset: UInt32
    ) -> UnsafeMutablePointer<UInt32> {
        unsafe (base + Int(offset)).assumingMemoryBound(to: UInt32.self)
    }
}

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
