import BypassIOProtocol
package import IOStack
import SystemPackage

// Old bytes, before they are overwritten or cut.
extension UndoFilter {
    /// Old bytes are kept by whole blocks of so many bytes.
    static let block: UInt64 = 4096
    /// Bytes that are copied at a time.
    private static let piece = 1 << 20

    package func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        answering { () throws(IOFailure) in
            keeper.beat()
            let object = write.file
            guard write.length > 0, let file = try file(of: object, write.instance) else {
                return .passAndForget
            }
            let end = write.offset.addingReportingOverflow(UInt64(write.length))
            try keep(
                write.offset..<(end.overflow ? .max : end.partialValue), of: file, object,
                write.instance)
            return .passAndForget
        }
    }

    /// Keeps what was in a part of the file before the session. Returns when that is written.
    func keep(
        _ range: Range<UInt64>, of file: UndoFile, _ object: FileObject,
        _ instance: FilterInstance
    ) throws(IOFailure) {
        guard file.kind == .regularFile, range.lowerBound < file.size else { return }
        let start = range.lowerBound / Self.block * Self.block
        let end =
            range.upperBound >= file.size
            ? file.size
            : min(file.size, (range.upperBound + Self.block - 1) / Self.block * Self.block)
        try file.kept.withLock { (kept) throws(IOFailure) in
            guard !kept.isForgotten else { return }
            let missing = kept.ranges.missing(in: start..<end)
            guard !missing.isEmpty else { return }
            let reader = try openForReading(object, instance)
            defer { reader.close() }
            if !kept.isWhole, kept.ranges.all.isEmpty, let storage = reader.storage,
                keeper.clone(storage, as: file.number)
            {
                try keeper.append([.whole(file.number)])
                kept.isWhole = true
            }
            for part in missing {
                guard try copy(part, of: file, from: reader, &kept, instance) else {
                    kept.isForgotten = true
                    return try keeper.append([.forgottenNode(file.number)])
                }
            }
        }
    }

    /// False: there is no room for it. Of a clone the changed bytes count, and are not copied.
    private func copy(
        _ part: Range<UInt64>, of file: UndoFile, from reader: FileObject,
        _ kept: inout UndoFile.Kept, _ instance: FilterInstance
    ) throws(IOFailure) -> Bool {
        guard !kept.isWhole else {
            guard try reserve(UInt64(part.count)) else { return false }
            kept.ranges.insert(part)
            return true
        }
        var place = part.lowerBound
        while place < part.upperBound {
            let (isHole, next) = Self.extent(at: place, of: reader, instance)
            var end = min(next, part.upperBound)
            if !isHole { end = min(end, place + UInt64(Self.piece)) }
            if !isHole {
                guard try reserve(end - place) else { return false }
                guard try copy(place..<end, file.number, reader, instance) else { return false }
            }
            try keeper.append([
                .kept(file.number, offset: place, length: end - place, isHole: isHole)
            ])
            kept.ranges.insert(place..<end)
            place = end
        }
        return true
    }

    private func copy(
        _ range: Range<UInt64>, _ number: UInt64, _ reader: FileObject,
        _ instance: FilterInstance
    ) throws(IOFailure) -> Bool {
        let buffer = try instance.volume.makeBuffer(capacity: range.count)
        var done = 0
        while done < range.count {
            let offset = range.lowerBound + UInt64(done)
            let count = try instance.read(
                reader, at: offset, length: range.count - done, into: buffer)
            // Somebody outside has cut it.
            guard count > 0 else { break }
            do throws(IOFailure) {
                try buffer.withBytes(count) { (bytes) throws(IOFailure) in
                    try keeper.keep(bytes, of: number, at: offset)
                }
            } catch {
                guard error.status == .diskFull else { throw error }
                try isFull()
                return false
            }
            done += count
        }
        return true
    }

    /// Whether the byte at `offset` lies in a hole, and where that ends, or the data does.
    private static func extent(
        at offset: UInt64, of reader: FileObject, _ instance: FilterInstance
    ) -> (isHole: Bool, end: UInt64) {
        do throws(IOFailure) {
            guard case .offset(let data) = try instance.query(.nextData(from: offset), of: reader)
            else { return (false, .max) }
            if data > offset { return (true, data) }
            guard case .offset(let hole) = try instance.query(.nextHole(from: offset), of: reader),
                hole > offset
            else { return (false, .max) }
            return (false, hole)
        } catch {
            // ENXIO: nothing but a hole follows.
            return (error.errno == .noSuchAddressOrDevice, .max)
        }
    }

    // MARK: Files that go

    /// Keeps a file whose name goes: the file itself by a further name, else all its bytes.
    func hold(
        _ file: UndoFile, _ object: FileObject, _ found: FileInformation,
        _ instance: FilterInstance
    ) throws(IOFailure) {
        guard file.kind == .regularFile else { return }
        let isKept = file.kept.withLock { $0.isHeld || $0.isForgotten }
        guard !isKept else { return }
        let reader = try openForReading(object, instance)
        defer { reader.close() }
        guard let storage = reader.storage, keeper.hold(storage, as: file.number) else {
            return try keep(0..<file.size, of: file, reader, instance)
        }
        // It takes room only if the name was its last.
        let size = found.linkCount > 1 ? 0 : min(found.allocatedSize, found.size)
        do throws(IOFailure) {
            guard try reserve(size) else {
                keeper.release(file.number)
                file.kept.withLock { $0.isForgotten = true }
                return try keeper.append([.forgottenNode(file.number)])
            }
            try keeper.append([.held(file.number)])
        } catch {
            // The name stays, and is no further than it was.
            keeper.release(file.number)
            throw error
        }
        file.kept.withLock { $0.isHeld = true }
    }
}
