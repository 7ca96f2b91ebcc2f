import BypassIOProtocol
import IOStack
import SystemPackage

extension BlockCodec {
    /// Writes `length` bytes at `offset`; returns how many, of whole blocks below, could be written
    /// if not all.
    func write(
        _ lower: LowerFile, at offset: UInt64, length: Int, from source: any IOBuffer,
        blocksAtOnce: Int
    ) throws(IOFailure) -> Int {
        guard length > 0 else { return 0 }
        let end = offset.addingReportingOverflow(UInt64(length))
        guard !end.overflow, end.partialValue <= layout.longestFile else {
            throw IOFailure(errno: .fileTooLarge)
        }
        // The block in which the write begins gets its zeros with its data, and the first block
        // its header: a new small file is one write.
        let number = layout.number(of: offset)
        let (old, hasHeader) = try begin(lower, mayWait: number == 0)
        let size = max(old, layout.start(of: number))
        if size > old { try grow(lower, from: old, to: size) }
        let part = BlockWrite(
            codec: self, lower: lower, range: offset..<end.partialValue, size: size,
            source: source, header: hasHeader ? [] : try newHeader())
        do throws(IOFailure) {
            return try part.run(blocksAtOnce)
        } catch {
            if size > old { try? shrink(lower, from: size, to: old) }
            throw error
        }
    }

    /// Bytes of the file. It gets its header, unless that may wait, and loses what a write left
    /// that was cut off.
    private func begin(
        _ lower: LowerFile, mayWait: Bool = false
    ) throws(IOFailure) -> (size: UInt64, hasHeader: Bool) {
        let stored = try lower.size()
        let size = layout.size(ofStored: stored)
        if stored < layout.header {
            if mayWait { return (size, false) }
            try putHeader(lower)
        } else if stored > layout.header, layout.storedSize(of: size) != stored {
            try lower.apply(.endOfFile(max(layout.storedSize(of: size), UInt64(layout.header))))
        }
        return (size, true)
    }

    private func newHeader() throws(IOFailure) -> [UInt8] {
        let header = try filter.header(for: key)
        guard header.count == layout.header else { throw IOFailure(.dataError) }
        return header
    }

    private func putHeader(_ lower: LowerFile) throws(IOFailure) {
        let header = try newHeader()
        let buffer = try lower.instance.volume.makeBuffer(capacity: header.count)
        buffer.withMutableBytes(header.count) { bytes in
            for index in header.indices { bytes[index] = header[index] }
        }
        let (_, failure) = lower.write(at: 0, length: header.count, from: buffer)
        guard let failure else { return }
        // By a part of it nobody would find the key.
        try? lower.apply(.endOfFile(0))
        throw failure
    }

    // MARK: Sizes

    /// Gives the file a size.
    func resize(_ lower: LowerFile, to size: UInt64) throws(IOFailure) {
        guard size <= layout.longestFile else { throw IOFailure(errno: .fileTooLarge) }
        guard size > 0 else { return try lower.apply(.endOfFile(0)) }
        let old = try begin(lower).size
        if size > old {
            try grow(lower, from: old, to: size)
        } else {
            try cut(lower, from: old, to: size)
        }
    }

    /// Takes back what a change has added that failed then.
    private func shrink(
        _ lower: LowerFile, from size: UInt64, to old: UInt64
    ) throws(IOFailure) {
        if old > 0 {
            try cut(lower, from: size, to: old)
        } else {
            try lower.apply(.endOfFile(0))
        }
    }

    /// The data that is added is zero. The block in which the old end lies gets longer, and so
    /// another stored form.
    private func grow(
        _ lower: LowerFile, from old: UInt64, to size: UInt64
    ) throws(IOFailure) {
        let number = layout.number(of: old)
        var reached = old
        if layout.length(of: number, size: old) > 0 {
            let (block, isHole) = try block(number, size: old, lower)
            let length = layout.length(of: number, size: size)
            if !isHole {
                try put(block, number, length, lower)
                reached = layout.start(of: number) + UInt64(length)
            }
        }
        do throws(IOFailure) {
            try lower.apply(.endOfFile(layout.storedSize(of: size)))
            if reached < size { try putZeros(lower, atEndOf: size) }
        } catch {
            // The file system below may have no files of that size.
            if reached > old { try? shrink(lower, from: reached, to: old) }
            throw error
        }
    }

    /// As ``grow(_:from:to:)``, with a shorter block.
    private func cut(
        _ lower: LowerFile, from old: UInt64, to size: UInt64
    ) throws(IOFailure) {
        let number = layout.number(of: size)
        let length = layout.length(of: number, size: size)
        if length > 0, length < layout.length(of: number, size: old) {
            let (block, isHole) = try block(number, size: old, lower)
            block.withMutableBytes(layout.storedBlock) { $0.fill(length..<layout.storedBlock) }
            if !isHole || !layout.hasShortHoles { try put(block, number, length, lower) }
        }
        try lower.apply(.endOfFile(layout.storedSize(of: size)))
    }

    /// A short last block that may be no hole gets its form.
    private func putZeros(_ lower: LowerFile, atEndOf size: UInt64) throws(IOFailure) {
        let number = layout.number(of: size)
        let length = layout.length(of: number, size: size)
        guard length > 0, !layout.hasShortHoles else { return }
        let block = try lower.instance.volume.makeBuffer(capacity: layout.storedBlock)
        block.withMutableBytes(layout.storedBlock) { $0.fill(0..<layout.storedBlock) }
        try put(block, number, length, lower)
    }

    /// Stores a block whose data is the first `length` bytes of `block`.
    private func put(
        _ block: any IOBuffer, _ number: UInt64, _ length: Int, _ lower: LowerFile
    ) throws(IOFailure) {
        let stored = length + layout.overhead
        try block.withMutableBytes(stored) { (bytes) throws(IOFailure) in
            try encode(&bytes, number)
        }
        let (_, failure) = lower.write(
            at: layout.storedStart(of: number), length: stored, from: block)
        if let failure { throw failure }
    }

    // MARK: Zeros

    /// Makes data zero: of a block that is a hole nothing is written.
    func zero(_ lower: LowerFile, _ range: Range<UInt64>, size: UInt64) throws(IOFailure) {
        var place = range.lowerBound
        while place < range.upperBound {
            let number = layout.number(of: place)
            let end = min(range.upperBound, layout.start(of: number + 1))
            let (block, isHole) = try block(number, size: size, lower)
            if !isHole {
                let start = layout.start(of: number)
                block.withMutableBytes(layout.block) {
                    $0.fill(Int(place - start)..<Int(end - start))
                }
                try put(block, number, layout.length(of: number, size: size), lower)
            }
            place = end
        }
    }
}

/// One write, in pieces of some blocks.
private struct BlockWrite<Blocks: BlockFilter> {
    let codec: BlockCodec<Blocks>
    let lower: LowerFile
    /// Bytes of the file that are written.
    let range: Range<UInt64>
    /// The file's before it.
    let size: UInt64
    let source: any IOBuffer
    /// What the file lacks before its first block, with which the write begins then.
    let header: [UInt8]

    private var layout: BlockLayout { codec.layout }
    private var newSize: UInt64 { max(size, range.upperBound) }

    func run(_ blocksAtOnce: Int) throws(IOFailure) -> Int {
        var number = layout.number(of: range.lowerBound)
        let last = layout.number(of: range.upperBound - 1)
        let most = Int(min(UInt64(blocksAtOnce), last - number + 1))
        var lead = header.count
        let buffer = try lower.instance.volume.makeBuffer(
            capacity: lead + most * layout.storedBlock)
        buffer.withMutableBytes(lead) { bytes in
            for index in header.indices { bytes[index] = header[index] }
        }
        while number <= last {
            let count = Int(min(UInt64(most), last - number + 1))
            let end: Int
            do throws(IOFailure) {
                end = try fill(buffer, from: lead, number, count)
            } catch {
                return try self.end(before: number, error)
            }
            let (written, failure) = lower.write(
                at: layout.storedStart(of: number) - UInt64(lead), length: end, from: buffer)
            if let failure {
                let whole = number + UInt64(max(0, written - lead) / layout.storedBlock)
                return try self.end(before: whole, failure)
            }
            number += UInt64(count)
            lead = 0
        }
        return range.count
    }

    /// What was written before block `number` counts. Part of a block behind the old end is cut
    /// off again.
    private func end(before number: UInt64, _ failure: IOFailure) throws(IOFailure) -> Int {
        let reached = max(range.lowerBound, layout.start(of: number))
        if let stored = try? lower.size() {
            let kept = layout.storedSize(of: max(size, min(reached, range.upperBound)))
            if stored > kept { try? lower.apply(.endOfFile(kept)) }
        }
        guard reached > range.lowerBound else { throw failure }
        return Int(reached - range.lowerBound)
    }

    /// Encodes `count` blocks from `first` on, behind the first `lead` bytes; returns the end.
    private func fill(
        _ buffer: any IOBuffer, from lead: Int, _ first: UInt64, _ count: Int
    ) throws(IOFailure) -> Int {
        var place = lead
        for number in first..<first + UInt64(count) {
            let length = layout.length(of: number, size: newSize)
            try begin(buffer, place, number)
            overlay(buffer, place, number)
            let stored = length + layout.overhead
            try buffer.withMutableBytes(place + stored) { (bytes) throws(IOFailure) in
                var block = bytes._mutatingExtracting(place..<place + stored)
                try codec.encode(&block, number)
            }
            place += stored
        }
        return place
    }

    /// Bytes of the block that are written.
    private func part(of number: UInt64) -> Range<Int> {
        let start = layout.start(of: number)
        let first = max(range.lowerBound, start) - start
        let end = min(range.upperBound - start, UInt64(layout.block))
        return Int(first)..<Int(end)
    }

    /// The block's old data where some of it stays, and zeros.
    private func begin(
        _ buffer: any IOBuffer, _ place: Int, _ number: UInt64
    ) throws(IOFailure) {
        let part = part(of: number)
        let old = layout.length(of: number, size: size)
        if old > 0, part.lowerBound > 0 || part.upperBound < old {
            let block = try codec.block(number, size: size, lower).buffer
            buffer.copy(layout.storedBlock, of: block, from: 0, to: place)
        } else {
            buffer.withMutableBytes(place + layout.storedBlock) {
                $0.fill(place..<place + layout.storedBlock)
            }
        }
    }

    private func overlay(_ buffer: any IOBuffer, _ place: Int, _ number: UInt64) {
        let part = part(of: number)
        let start = layout.start(of: number) + UInt64(part.lowerBound) - range.lowerBound
        buffer.copy(part.count, of: source, from: Int(start), to: place + part.lowerBound)
    }
}
