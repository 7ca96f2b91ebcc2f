import BypassIOProtocol
import IOStack
import SystemPackage

extension BlockCodec {
    /// How many extents below one question about data or holes looks at. Then all that follows
    /// counts as data, which is right for every file.
    private static var mostExtents: Int { 4096 }

    // MARK: SEEK_DATA, SEEK_HOLE

    /// The next data at or after an offset. Throws `ENXIO` if there is none.
    func nextData(_ lower: LowerFile, from offset: UInt64) throws(IOFailure) -> UInt64 {
        let size = try sizeBeyond(offset, lower)
        let number = layout.number(of: offset)
        guard let found = try lower.next(.nextData(from: layout.storedStart(of: number))) else {
            throw IOFailure(errno: .noSuchAddressOrDevice)
        }
        let place = max(offset, layout.start(of: self.number(ofStored: found)))
        guard place < size else { throw IOFailure(errno: .noSuchAddressOrDevice) }
        return place
    }

    /// The next hole at or after an offset: blocks that are holes below as a whole; or the end.
    func nextHole(_ lower: LowerFile, from offset: UInt64) throws(IOFailure) -> UInt64 {
        let size = try sizeBeyond(offset, lower)
        var number = layout.number(of: offset)
        for _ in 0..<Self.mostExtents {
            guard layout.start(of: number) < size else { return size }
            guard let hole = try lower.next(.nextHole(from: layout.storedStart(of: number))) else {
                return size
            }
            // The first block that begins in it.
            let first = max(number, self.number(ofStored: hole + UInt64(layout.storedBlock) - 1))
            guard layout.start(of: first) < size else { return size }
            let data = try lower.next(.nextData(from: layout.storedStart(of: first)))
            guard let data else { return max(offset, layout.start(of: first)) }
            let next = self.number(ofStored: data)
            if next > first { return max(offset, layout.start(of: first)) }
            number = first + 1
        }
        return size
    }

    /// The block in which a byte lies below; the first for those of the header.
    private func number(ofStored offset: UInt64) -> UInt64 {
        guard offset > UInt64(layout.header) else { return 0 }
        return (offset - UInt64(layout.header)) / UInt64(layout.storedBlock)
    }

    private func sizeBeyond(_ offset: UInt64, _ lower: LowerFile) throws(IOFailure) -> UInt64 {
        let size = layout.size(ofStored: try lower.size())
        guard offset < size else { throw IOFailure(errno: .noSuchAddressOrDevice) }
        return size
    }

    // MARK: fallocate(2)

    func allocate(
        _ lower: LowerFile, _ allocation: FileChange.Allocation, offset: UInt64, length: UInt64
    ) throws(IOFailure) {
        let end = offset.addingReportingOverflow(length)
        guard length > 0 else { throw IOFailure(.invalidParameter) }
        // What only clears is cut to the file.
        let longest =
            switch allocation {
            case .punchHole, .zeroRangeKeepingSize: UInt64(Int64.max)
            default: layout.longestFile
            }
        guard !end.overflow, end.partialValue <= longest else {
            throw IOFailure(errno: .fileTooLarge)
        }
        let range = offset..<end.partialValue
        switch allocation {
        case .keepSize: try reserve(lower, range)
        case .extend:
            try reserve(lower, range)
            try growIfNeeded(lower, to: range.upperBound)
        case .punchHole: try clear(lower, range, .punchHole)
        case .zeroRangeKeepingSize: try clear(lower, range, .zeroRangeKeepingSize)
        case .zeroRange:
            // Not every file system below has that: the size stays where it fails.
            try clear(lower, range, .zeroRangeKeepingSize)
            try growIfNeeded(lower, to: range.upperBound)
        case .collapseRange, .insertRange: throw IOFailure(.notSupported)
        }
    }

    private func reserve(_ lower: LowerFile, _ range: Range<UInt64>) throws(IOFailure) {
        let start = layout.storedStart(of: layout.number(of: range.lowerBound))
        let end = layout.storedSize(of: range.upperBound)
        try lower.apply(.allocation(.keepSize, offset: start, length: end - start))
    }

    private func growIfNeeded(_ lower: LowerFile, to size: UInt64) throws(IOFailure) {
        guard size > layout.size(ofStored: try lower.size()) else { return }
        try resize(lower, to: size)
    }

    /// Whole blocks become holes below, parts of blocks are written.
    private func clear(
        _ lower: LowerFile, _ range: Range<UInt64>, _ how: FileChange.Allocation
    ) throws(IOFailure) {
        let stored = try lower.size()
        let size = layout.size(ofStored: stored)
        guard range.lowerBound < size else { return }
        let end = min(range.upperBound, size)
        let block = UInt64(layout.block)
        let first = layout.number(of: range.lowerBound + block - 1)
        let isWholeToEnd = end == size && layout.hasShortHoles
        let last = isWholeToEnd ? layout.number(of: end + block - 1) : layout.number(of: end)
        guard first < last else { return try zero(lower, range.lowerBound..<end, size: size) }
        let from = layout.storedStart(of: first)
        let to = min(layout.storedStart(of: last), stored)
        try lower.apply(.allocation(how, offset: from, length: to - from))
        try zero(lower, range.lowerBound..<layout.start(of: first), size: size)
        if layout.start(of: last) < end {
            try zero(lower, layout.start(of: last)..<end, size: size)
        }
    }
}
