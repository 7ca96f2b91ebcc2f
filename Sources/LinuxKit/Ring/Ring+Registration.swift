internal import CKernelABI
internal import Glibc
package import SystemPackage

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
