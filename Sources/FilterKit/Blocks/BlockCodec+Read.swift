import BypassIOProtocol
import IOStack

extension BlockCodec {
    /// Reads data at `offset` into the start of `target`; returns the bytes read, fewer at the end.
    func read(
        _ lower: LowerFile, at offset: UInt64, length: Int, into target: any IOBuffer,
        blocksAtOnce: Int
    ) throws(IOFailure) -> Int {
        guard length > 0, offset < layout.longestFile else { return 0 }
        let end = offset + min(UInt64(length), layout.longestFile - offset)
        var number = layout.number(of: offset)
        let last = layout.number(of: end - 1)
        let most = Int(min(UInt64(blocksAtOnce), last - number + 1))
        let buffer = try lower.instance.volume.makeBuffer(capacity: most * layout.storedBlock)
        var done = 0
        while number <= last {
            let count = Int(min(UInt64(most), last - number + 1)) * layout.storedBlock
            let found = try lower.read(
                at: layout.storedStart(of: number), length: count, into: buffer)
            let from = offset + UInt64(done) - layout.start(of: number)
            let data = try decodeAll(buffer, found, number)
            guard UInt64(data) > from else { break }
            let copied = min(data - Int(from), length - done)
            copy(copied, of: buffer, from: Int(from), to: target, done)
            done += copied
            if found < count { break }
            number += UInt64(most)
        }
        return done
    }

    /// Decodes `count` stored bytes from block `first` on; returns the bytes of data in them.
    private func decodeAll(
        _ buffer: any IOBuffer, _ count: Int, _ first: UInt64
    ) throws(IOFailure) -> Int {
        try buffer.withMutableBytes(count) { (bytes) throws(IOFailure) in
            var place = 0
            var number = first
            var data = 0
            while count - place > layout.overhead {
                let stored = min(layout.storedBlock, count - place)
                var block = bytes._mutatingExtracting(place..<place + stored)
                try decode(&block, number)
                data += stored - layout.overhead
                place += stored
                number += 1
            }
            return data
        }
    }

    /// Copies data, which lies in pieces of a block, each at the start of its stored form.
    private func copy(
        _ count: Int, of buffer: any IOBuffer, from start: Int, to target: any IOBuffer,
        _ place: Int
    ) {
        var done = 0
        while done < count {
            let (block, within) = (start + done).quotientAndRemainder(dividingBy: layout.block)
            let part = min(layout.block - within, count - done)
            target.copy(
                part, of: buffer, from: block * layout.storedBlock + within, to: place + done)
            done += part
        }
    }

    /// The data of one block of a file of `size` bytes, in a buffer with room for its stored form;
    /// what follows the data is zero. A block behind the end is zero, and a hole.
    func block(
        _ number: UInt64, size: UInt64, _ lower: LowerFile
    ) throws(IOFailure) -> (buffer: any IOBuffer, isHole: Bool) {
        let buffer = try lower.instance.volume.makeBuffer(capacity: layout.storedBlock)
        let length = layout.length(of: number, size: size)
        let stored = length == 0 ? 0 : length + layout.overhead
        if stored > 0 {
            let found = try lower.read(
                at: layout.storedStart(of: number), length: stored, into: buffer)
            guard found == stored else { throw IOFailure(.dataError) }
        }
        let isHole =
            (stored == 0 || layout.mayBeHole(stored: stored))
            && buffer.withMutableBytes(stored) { $0.isZero }
        try buffer.withMutableBytes(layout.storedBlock) { (bytes) throws(IOFailure) in
            if !isHole {
                var block = bytes._mutatingExtracting(0..<stored)
                try decode(&block, number)
            }
            bytes.fill(length..<layout.storedBlock)
        }
        return (buffer, isHole)
    }
}
