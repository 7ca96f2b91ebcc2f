import IOStack

extension ContentScanner {
    /// Bytes read at once; a multiple of every storage's alignment.
    private static let chunkSize = 1 << 20

    /// The verdict on a file, from a scan of the whole if it is not known.
    func scan(_ file: FileObject, by instance: FilterInstance) -> ScanVerdict.State {
        let verdict = verdictContext(on: file.stream, by: instance)
        let changes = verdict.changes
        let known = verdict.state
        if known != .unknown { return known }
        do throws(IOFailure) {
            guard let found = try scanContent(of: file, by: instance) else {
                verdict.conclude(.clean, since: changes)
                return verdict.state
            }
            let infected = ScanVerdict.State.infected(signature: found.name)
            verdict.conclude(infected, since: changes)
            return infected
        } catch {
            return .unknown
        }
    }

    /// Whether a signature lies in these bytes of a file that is being changed. What cannot be read
    /// holds none: then nobody else reads it either.
    func holdsSignature(
        _ file: FileObject, at offset: UInt64, length: Int, by instance: FilterInstance
    ) -> Bool {
        do throws(IOFailure) {
            let buffer = try file.volume.makeBuffer(capacity: Self.chunkSize)
            var done = 0
            while done < length {
                let count = try instance.read(
                    file, at: offset + UInt64(done), length: min(length - done, Self.chunkSize),
                    into: buffer)
                guard count > 0 else { return false }
                if let found = buffer.withBytes(count, { firstMatch(in: $0) }) {
                    verdictContext(on: file.stream, by: instance).condemn(found.name)
                    return true
                }
                done += count
            }
            return false
        } catch {
            return false
        }
    }

    /// The first signature in the file, or nil. A match across two chunks is found in the seam:
    /// the end of one and the beginning of the next.
    private func scanContent(
        of file: FileObject, by instance: FilterInstance
    ) throws(IOFailure) -> Signature? {
        let buffer = try file.volume.makeBuffer(capacity: Self.chunkSize)
        let overlap = (signatures.map(\.pattern.count).max() ?? 1) - 1
        var seam: [UInt8] = []
        var offset: UInt64 = 0
        while true {
            let count = try instance.read(file, at: offset, length: Self.chunkSize, into: buffer)
            guard count > 0 else { return nil }
            let found = buffer.withBytes(count) { bytes -> Signature? in
                seam.append(contentsOf: [UInt8](copying: bytes.extracting(first: overlap)))
                let match = firstMatch(in: seam.span) ?? firstMatch(in: bytes)
                // A pattern longer than a chunk lies across more than one seam.
                seam =
                    bytes.count < overlap
                    ? seam.suffix(overlap) : [UInt8](copying: bytes.extracting(last: overlap))
                return match
            }
            if let found { return found }
            if count < Self.chunkSize { return nil }
            offset += UInt64(count)
        }
    }
}
