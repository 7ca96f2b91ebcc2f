internal import CKernelABI
internal import Glibc
internal import SystemPackage

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
