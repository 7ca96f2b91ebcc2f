import CPosixCalls

/// Memory that begins at a page, as O_DIRECT demands.
@safe
final class AlignedBuffer {
    let address: UnsafeMutableRawPointer
    let count: Int

    init(count: Int) throws {
        guard let memory = unsafe call_allocate_aligned(4096, count) else {
            throw Finding("no memory for \(count) bytes")
        }
        self.count = count
        unsafe address = memory
    }

    deinit { unsafe call_free_aligned(address) }

    func fill(seed: UInt64, count: Int) {
        unsafe call_fill(address, min(count, self.count), seed)
    }
}

extension AlignedBuffer {
    func clear(_ range: Range<Int>) {
        unsafe call_clear(address + range.lowerBound, range.count)
    }
}
