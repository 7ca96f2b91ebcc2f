package import CKernelABI
internal import Glibc
package import SystemPackage

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

extension Ring {
    /// Sets of modes, best first. If a set has a mode that the kernel lacks, the kernel refuses it
    /// with EINVAL.
    ///
    /// DEFER_TASKRUN delivers completions only when this thread asks, and so never interrupts its
    /// other work. It needs TASKRUN_FLAG, or a look at the queue without a system call would never
    /// learn that completions wait inside the kernel.
    private static let modeSets: [Int] = {
        let always = BPIO_RING_SETUP_CQSIZE
        let since518 = always | BPIO_RING_SETUP_SUBMIT_ALL
        let since519 = since518 | BPIO_RING_SETUP_COOP_TASKRUN | BPIO_RING_SETUP_TASKRUN_FLAG
        let since60 = since519 | BPIO_RING_SETUP_SINGLE_ISSUER
        let since61 =
            since518 | BPIO_RING_SETUP_SINGLE_ISSUER | BPIO_RING_SETUP_DEFER_TASKRUN
            | BPIO_RING_SETUP_TASKRUN_FLAG
        return [
            since61 | BPIO_RING_SETUP_NO_SQARRAY, since61, since60, since519, since518, always,
        ]
    }()

    /// Makes the ring with the best set of modes that the kernel takes. Returns the descriptor.
    static func setUp(
        _ configuration: RingConfiguration, _ parameters: inout bpio_ring_params,
        _ calls: RingSystemCalls
    ) throws(RingUnavailable) -> CInt {
        var outcome: Int32 = -EINVAL
        for modes in modeSets where outcome == -EINVAL {
            parameters = bpio_ring_params()
            parameters.flags = UInt32(modes)
            if configuration.takesCommands {
                parameters.flags |= UInt32(BPIO_RING_SETUP_SQE128)
            }
            parameters.cq_entries = configuration.completionEntries
            outcome = unsafe calls.setup(configuration.submissionEntries, &parameters)
        }
        guard outcome >= 0 else { throw .setupRefused(-outcome) }
        return outcome
    }

    /// Maps an area that the kernel made for the ring.
    static func map(
        _ size: Int, of ring: CInt, at offset: Int
    ) throws(RingUnavailable) -> MemoryMapping {
        do {
            return try MemoryMapping(size: size, descriptor: ring, offset: offset)
        } catch {
            throw .refused(error, call: "mmap of the ring")
        }
    }

    /// Bytes of the mapping that holds both queues.
    static func queueBytes(_ parameters: bpio_ring_params) -> Int {
        let completions =
            Int(parameters.cq_off.cqes)
            + Int(parameters.cq_entries) * MemoryLayout<bpio_cqe>.stride
        let indirection =
            Int(parameters.sq_off.array)
            + Int(parameters.sq_entries) * MemoryLayout<UInt32>.stride
        let hasIndirection = parameters.flags & UInt32(BPIO_RING_SETUP_NO_SQARRAY) == 0
        return hasIndirection ? max(completions, indirection) : completions
    }

    /// Puts the ring into this thread's table of rings (Linux 5.18), which saves every enter the
    /// look-up of the descriptor. The table has sixteen places; without a place the descriptor is
    /// used.
    mutating func registerOwnDescriptor() {
        var update = bpio_rsrc_update()
        update.offset = .max
        update.data = UInt64(UInt32(bitPattern: descriptor.descriptor.rawValue))
        let outcome = unsafe calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_REGISTER_RING_FDS), &update, 1)
        guard outcome == 1 else { return }
        enterTarget = CInt(bitPattern: update.offset)
        enterFlags = UInt32(BPIO_RING_ENTER_REGISTERED_RING)
    }

    /// Frees the place in the table; otherwise the ring would live as long as the thread.
    ///
    /// On another thread the same place belongs to another ring, so nothing is freed there.
    func unregisterOwnDescriptor() {
        guard isDescriptorRegistered, threadRule.isOwner else { return }
        var update = bpio_rsrc_update()
        update.offset = UInt32(bitPattern: enterTarget)
        _ = unsafe calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_UNREGISTER_RING_FDS), &update, 1)
    }
}

/// The three io_uring system calls, replaceable so that tests can refuse them as a kernel would.
///
/// Each returns the kernel's result or a negated `errno`.
@safe
package struct RingSystemCalls: Sendable {
    package typealias Setup =
        @convention(c) (UInt32, UnsafeMutablePointer<bpio_ring_params>) -> Int32
    package typealias Enter =
        @convention(c) (Int32, UInt32, UInt32, UInt32, UnsafePointer<bpio_getevents_arg>?) -> Int32
    package typealias Register =
        @convention(c) (Int32, UInt32, UnsafeRawPointer?, UInt32) -> Int32

    package var setup: Setup
    package var enter: Enter
    package var register: Register

    package init(
        setup: Setup = unsafe bpio_ring_setup, enter: Enter = unsafe bpio_ring_enter,
        register: Register = unsafe bpio_ring_register
    ) {
        unsafe self.setup = setup
        unsafe self.enter = enter
        unsafe self.register = register
    }

    package static var kernel: RingSystemCalls { unsafe RingSystemCalls() }
}

extension Ring {
    /// Pins the memory and makes it registered buffer 0, so that reads into any part of it skip the
    /// pinning.
    ///
    /// The memory must stay mapped as long as the ring.
    ///
    /// - Throws: `ENOMEM` if it exceeds `RLIMIT_MEMLOCK`, `EFAULT` above 1 GiB.
    @unsafe
    package func registerBuffer(at start: UnsafeMutableRawPointer, byteCount: Int) throws(Errno) {
        var vector = unsafe iovec(iov_base: start, iov_len: byteCount)
        let outcome = unsafe calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_REGISTER_BUFFERS), &vector, 1)
        guard outcome >= 0 else { throw Errno(rawValue: -outcome) }
    }

    /// Undoes both registrations. A missing registration is ignored.
    package func unregisterBufferAndFiles() {
        _ = calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_UNREGISTER_BUFFERS), nil, 0)
        _ = calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_UNREGISTER_FILES), nil, 0)
    }

    /// Makes an empty table of `capacity` files (Linux 5.19).
    package func registerFileTable(capacity: UInt32) throws(Errno) {
        var table = bpio_rsrc_register()
        table.count = capacity
        table.flags = UInt32(BPIO_RING_RSRC_REGISTER_SPARSE)
        let outcome = unsafe calls.register(
            descriptor.descriptor.rawValue, UInt32(BPIO_RING_REGISTER_FILES2), &table,
            UInt32(MemoryLayout<bpio_rsrc_register>.size))
        guard outcome >= 0 else { throw Errno(rawValue: -outcome) }
    }

    /// Puts a file into the table at `index`, or empties the place with descriptor −1.
    package func updateFileTable(at index: UInt32, descriptor file: CInt) throws(Errno) {
        var file = file
        let outcome = unsafe withUnsafePointer(to: &file) { file in
            var update = bpio_rsrc_update()
            update.offset = index
            update.data = UInt64(UInt(bitPattern: file))
            return unsafe calls.register(
                descriptor.descriptor.rawValue, UInt32(BPIO_RING_REGISTER_FILES_UPDATE), &update, 1)
        }
        guard outcome >= 0 else { throw Errno(rawValue: -outcome) }
    }
}
