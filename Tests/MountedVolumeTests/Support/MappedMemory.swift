import CPosixCalls

/// Memory that this process has mapped; the last reference unmaps it.
@safe final class MappedMemory {
    let address: UnsafeMutableRawPointer
    private let length: Int

    /// Maps shared memory of a file, or anonymous memory.
    init(_ descriptor: Int32?, length: Int, writable: Bool) throws {
        var memory: UnsafeMutableRawPointer?
        let (shared, anonymous): (Int32, Int32) = (1, 0x20)
        let answer = unsafe call_mmap(
            length, writable ? 3 : 1, shared | (descriptor == nil ? anonymous : 0),
            descriptor ?? -1, 0, &memory)
        guard answer >= 0, let memory = unsafe memory else {
            throw TestError("mmap: \(answer)")
        }
        unsafe address = memory
        self.length = length
    }

    deinit { _ = unsafe call_munmap(address, length) }
}
