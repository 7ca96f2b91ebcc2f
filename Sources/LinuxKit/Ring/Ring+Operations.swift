package import CKernelABI
package import Glibc
public import SystemPackage

// One function for each operation. Each takes the next free entry of the submission queue and makes
// no system call. `false` means that the queue is full and must be submitted first.
extension Ring {
    /// Entries filled in and not yet taken by the kernel.
    @inlinable
    package var unsubmitted: UInt32 {
        unsafe localTail &- bpio_load_acquire(kernelHead)
    }

    /// Drops every entry that the kernel has not taken.
    package mutating func discardUnsubmitted() {
        localTail = unsafe bpio_load_acquire(kernelHead)
        unsafe bpio_store_release(sharedTail, localTail)
    }

    /// Does nothing and completes.
    package mutating func queueNothing(token: UInt64) -> Bool {
        var entry = bpio_sqe()
        entry.opcode = UInt8(BPIO_RING_OP_NOP)
        entry.user_data = token
        return push(entry)
    }

    /// Reads into memory that stays valid until the completion.
    @unsafe
    @inlinable
    @inline(__always)
    package mutating func queueRead(
        file: FileIndex, offset: UInt64, into start: UnsafeMutableRawPointer, length: UInt32,
        token: UInt64
    ) -> Bool {
        unsafe queueRead(BPIO_RING_OP_READ, file, offset, start, length, token)
    }

    /// Reads into part of the registered buffer `buffer`, whose pages are pinned already.
    @unsafe
    @inlinable
    @inline(__always)
    package mutating func queueFixedRead(
        file: FileIndex, offset: UInt64, into start: UnsafeMutableRawPointer, length: UInt32,
        token: UInt64
    ) -> Bool {
        unsafe queueRead(BPIO_RING_OP_READ_FIXED, file, offset, start, length, token)
    }

    @inlinable
    @inline(__always)
    mutating func queueRead(
        _ operation: Int, _ file: FileIndex, _ offset: UInt64, _ start: UnsafeMutableRawPointer,
        _ length: UInt32, _ token: UInt64
    ) -> Bool {
        var entry = bpio_sqe()
        entry.opcode = UInt8(truncatingIfNeeded: operation)
        entry.flags = file.isRegistered ? UInt8(BPIO_RING_SQE_FIXED_FILE) : 0
        entry.fd = file.number
        entry.off = offset
        entry.addr = UInt64(UInt(bitPattern: start))
        entry.len = length
        entry.user_data = token
        return push(entry)
    }

    /// Completes once the descriptor shows one of the `poll(2)` events.
    package mutating func queuePoll(
        descriptor: CInt, events: UInt32, token: UInt64
    ) -> Bool {
        var entry = bpio_sqe()
        entry.opcode = UInt8(BPIO_RING_OP_POLL_ADD)
        entry.fd = descriptor
        entry.op_flags = events
        entry.user_data = token
        return push(entry)
    }

    /// Cancels the operation submitted with the token `target`, if it can still be stopped.
    package mutating func queueCancel(of target: UInt64, token: UInt64) -> Bool {
        var entry = bpio_sqe()
        entry.opcode = UInt8(BPIO_RING_OP_ASYNC_CANCEL)
        entry.fd = -1
        entry.addr = target
        entry.user_data = token
        return push(entry)
    }

    /// Completes with `-ETIME` after the time at `duration`, which must stay valid until submitted.
    @unsafe
    package mutating func queueTimeout(
        _ duration: UnsafePointer<bpio_timespec>, token: UInt64
    ) -> Bool {
        var entry = bpio_sqe()
        entry.opcode = UInt8(BPIO_RING_OP_TIMEOUT)
        entry.fd = -1
        entry.addr = UInt64(UInt(bitPattern: duration))
        entry.len = 1
        entry.user_data = token
        return push(entry)
    }

    /// Sends a command to the driver of a descriptor. Only for a ring that takes commands.
    ///
    /// - Parameters:
    ///   - vectors: `iovec`s that stay valid until submitted.
    ///   - area: the first bytes of the command's own area; the rest are zeroes.
    @unsafe
    package mutating func queueCommand(
        _ operation: UInt32, to descriptor: CInt, vectors: UnsafePointer<iovec>?,
        vectorCount: Int, area: (UInt64, UInt64, UInt64), token: UInt64
    ) -> Bool {
        precondition(entryShift == 1)
        var entry = bpio_sqe()
        entry.opcode = UInt8(BPIO_RING_OP_URING_CMD)
        entry.fd = descriptor
        entry.off = UInt64(operation)
        entry.addr = UInt64(UInt(bitPattern: vectors))
        entry.len = UInt32(vectorCount)
        entry.user_data = token
        entry.addr3 = area.0
        entry.reserved = area.1
        let index = Int(localTail & submissionMask) * 2 + 1
        let second = unsafe UnsafeMutableRawPointer(entries + index)
        guard push(entry) else { return false }
        unsafe second.initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<bpio_sqe>.size)
        unsafe second.storeBytes(of: area.2, as: UInt64.self)
        return true
    }

    @inlinable
    @inline(__always)
    mutating func push(_ entry: bpio_sqe) -> Bool {
        guard unsubmitted < submissionEntries else { return false }
        unsafe entries[Int(localTail & submissionMask) << Int(entryShift)] = entry
        localTail &+= 1
        return true
    }
}

/// A ring's reference to a file: a place in the kernel's table of registered files, or a plain
/// descriptor if there is no table or it is full.
///
/// Valid only for the ring or engine that returned it, from `register` to `unregister`.
@frozen
public struct FileIndex: Hashable, Sendable {
    // A table index if positive or zero, otherwise the complement of a descriptor: one register.
    @usableFromInline
    let rawValue: Int32

    @inlinable
    package init(tableIndex: UInt32) {
        rawValue = Int32(tableIndex)
    }

    @inlinable
    package init(descriptor: FileDescriptor) {
        rawValue = ~descriptor.rawValue
    }

    /// Whether the kernel holds the file in the engine's table, which spares each read the look-up
    /// of the descriptor and its reference count.
    @inlinable
    public var isRegistered: Bool { rawValue >= 0 }

    /// The table index or the descriptor, for a submission entry or `pread`.
    @inlinable
    package var number: Int32 { isRegistered ? rawValue : ~rawValue }

    /// The index as a plain number, for interfaces of other layers.
    @inlinable
    public var carriedNumber: Int32 { rawValue }

    /// The index of a ``carriedNumber``.
    @inlinable
    public init(carriedNumber: Int32) {
        rawValue = carriedNumber
    }
}
