import IOStack

extension ContentScanner {
    /// Bytes of one read; a multiple of every storage's alignment.
    private static let chunkSize = 1 << 20

    /// The verdict on a file as it is now, without reading it.
    ///
    /// - Parameter lastingOnly: for a caller that grants bypass by the verdict. A verdict does not
    ///   count if the file was not at rest at its scan, or has been open for writing since.
    func known(
        of file: FileObject, by instance: FilterInstance, lastingOnly: Bool
    ) -> ScanVerdict.State {
        let verdict = verdictContext(on: file.stream, by: instance)
        let mark = verdict.mark
        guard let version = FileVersion(of: file) else { return .unknown }
        let state = verdict.state(of: version, lastingOnly: lastingOnly)
        guard state == .unknown, file.volume.writerCount(of: file.stream) == 0,
            let kept = keptVerdicts(of: instance)?.state(of: file.stream.id, version)
        else { return state }
        _ = verdict.conclude(kept, of: version, lasting: true, since: mark)
        return verdict.state(of: version, lastingOnly: lastingOnly)
    }

    /// The verdict on a file. Scans the whole file if no reliable verdict is known.
    func scan(_ file: FileObject, by instance: FilterInstance) -> ScanVerdict.State {
        let known = known(of: file, by: instance, lastingOnly: true)
        if known != .unknown { return known }
        let verdict = verdictContext(on: file.stream, by: instance)
        let mark = verdict.mark
        let began = clock()
        guard let version = FileVersion(of: file) else { return .unknown }
        var lasts = version.wasAtRest(at: began) && file.volume.writerCount(of: file.stream) == 0
        let state: ScanVerdict.State
        do throws(IOFailure) {
            let found = try scanContent(of: file, by: instance)
            if let found { tell(found, file, .scan, file.requestor) }
            state = found.map { .infected(signature: $0.name) } ?? .clean
        } catch {
            return .unknown
        }
        guard FileVersion(of: file) == version else {
            // The file was changed past the stack.
            return state == .clean ? .unknown : state
        }
        lasts = verdict.conclude(state, of: version, lasting: lasts, since: mark)
        if lasts, let verdicts = keptVerdicts(of: instance) {
            verdicts.keep(state, of: file.stream.id, version)
            // A filter callback for a change, or for an open for writing, sets the mark first and
            // forgets the kept verdict after that. So either this check sees the mark, or that
            // callback forgets the verdict.
            if verdict.mark != mark { verdicts.forget(file.stream.id) }
        }
        return state == .clean ? verdict.state(of: version, lastingOnly: false) : state
    }

    /// Whether a signature lies in these bytes of a file that is being changed, or reaches into
    /// them. Bytes that cannot be read hold none: then no program reads them either.
    func holdsSignature(
        _ file: FileObject, at offset: UInt64, length: Int, by instance: FilterInstance,
        _ requestor: Requestor
    ) -> Bool {
        let margin = UInt64(longestOverlap)
        let start = offset - min(offset, margin)
        let end = offset &+ UInt64(max(0, length)) &+ margin
        do throws(IOFailure) {
            guard
                let found = try firstSignature(in: start..<max(start, end), of: file, by: instance)
            else { return false }
            verdictContext(on: file.stream, by: instance).condemn(
                found.name, in: FileVersion(of: file))
            tell(found, file, .kernelRead, requestor)
            return true
        } catch {
            return false
        }
    }

    private func scanContent(
        of file: FileObject, by instance: FilterInstance
    ) throws(IOFailure) -> Signature? {
        try firstSignature(in: 0..<UInt64(Int64.max), of: file, by: instance)
    }

    /// One byte less than the longest pattern.
    private var longestOverlap: Int { (signatures.map(\.pattern.count).max() ?? 1) - 1 }

    /// The first signature in a range of the file, or nil. A match across two chunks is found in
    /// the seam: the end of one chunk and the beginning of the next.
    private func firstSignature(
        in range: Range<UInt64>, of file: FileObject, by instance: FilterInstance
    ) throws(IOFailure) -> Signature? {
        let buffer = try file.volume.makeBuffer(capacity: Self.chunkSize)
        let overlap = longestOverlap
        var seam: [UInt8] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let length = Int(min(UInt64(Self.chunkSize), range.upperBound - offset))
            let count = try instance.read(file, at: offset, length: length, into: buffer)
            guard count > 0 else { return nil }
            let found = buffer.withBytes(count) { bytes -> Signature? in
                seam.append(contentsOf: [UInt8](copying: bytes.extracting(first: overlap)))
                let match = firstMatch(in: seam.span) ?? firstMatch(in: bytes)
                // A pattern longer than a chunk crosses more than one seam.
                seam =
                    bytes.count < overlap
                    ? seam.suffix(overlap) : [UInt8](copying: bytes.extracting(last: overlap))
                return match
            }
            if let found { return found }
            if count < length { return nil }
            offset += UInt64(count)
        }
        return nil
    }
}
