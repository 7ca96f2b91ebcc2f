import BypassIOProtocol
import IOStack

/// A file's blocks, encoded and decoded with the rule for zeros.
struct BlockCodec<Blocks: BlockFilter>: Sendable {
    let filter: Blocks
    let key: Blocks.Key
    let layout: BlockLayout

    /// Decodes a stored block in place: the data is at its start, and what follows has no meaning.
    func decode(_ block: inout MutableSpan<UInt8>, _ number: UInt64) throws(IOFailure) {
        guard !(layout.mayBeHole(stored: block.count) && block.isZero) else { return }
        try filter.decode(&block, number, key)
        // It stands for the block that would be stored as zeros.
        if layout.overhead == 0, block.isZero { try filter.decode(&block, number, key) }
    }

    /// Encodes data in place; the last bytes of `block` are the overhead.
    func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64) throws(IOFailure) {
        guard layout.overhead == 0 else {
            try filter.encode(&block, number, key)
            guard !block.isZero else { throw IOFailure(.dataError) }
            return
        }
        guard !block.isZero else { return }
        try filter.encode(&block, number, key)
        // Zeros are kept for zeros: the block that they would stand for goes where zeros would.
        if block.isZero { try filter.encode(&block, number, key) }
    }
}

extension MutableSpan<UInt8> {
    /// All bytes are zero.
    var isZero: Bool {
        for index in indices where self[index] != 0 { return false }
        return true
    }

    mutating func fill(_ range: Range<Int>) {
        var part = _mutatingExtracting(range)
        part.update(repeating: 0)
    }
}
