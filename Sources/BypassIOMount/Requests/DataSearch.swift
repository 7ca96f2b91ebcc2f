internal import IOStack
internal import SystemPackage

/// Finds where a file's data and holes begin: SEEK_DATA and SEEK_HOLE of lseek(2).
///
/// A store to a mapping is only in the kernel's cache until the kernel writes it back, and the
/// kernel does not do so before it asks here. Until then the file system below reports a hole at
/// that place. So in a file that a program may have mapped for writing, only holes are in doubt.
struct DataSearch: Sendable {
    enum Aim: UInt32, Sendable {
        case data = 3
        case hole = 4
    }

    let aim: Aim
    /// In bytes.
    let offset: UInt64
    let file: FileObject
    let requestor: Requestor

    /// The answer of the file system below. Throws `ENXIO` beyond the end, or where no data
    /// follows.
    func asStored() throws(IOFailure) -> UInt64 {
        switch aim {
        case .data: try file.nextData(from: offset, requestor: requestor)
        case .hole: try file.nextHole(from: offset, requestor: requestor)
        }
    }

    /// The answer if no page of the kernel's can change it; nil if it depends on a hole.
    func certain() throws(IOFailure) -> UInt64? {
        let size = try sizeBeyondOffset()
        switch aim {
        case .data: return try data(from: offset) == offset ? offset : nil
        case .hole:
            let hole = try file.nextHole(from: offset, requestor: requestor)
            return hole >= size ? hole : nil
        }
    }

    /// The answer after the kernel has written back every hole before it; ``cautious()`` if that is
    /// impossible.
    func exact(
        writingBack writeBack: (Range<UInt64>) -> Bool
    ) throws(IOFailure) -> UInt64 {
        let size = try sizeBeyondOffset()
        switch aim {
        case .data:
            let end = try data(from: offset) ?? size
            guard end > offset else { return offset }
            guard writeBack(offset..<end) else { return offset }
            return try file.nextData(from: offset, requestor: requestor)
        case .hole:
            var hole = try file.nextHole(from: offset, requestor: requestor)
            while hole < size {
                let end = try data(from: hole) ?? size
                guard end > hole, writeBack(hole..<end) else { return size }
                let again = try file.nextHole(from: hole, requestor: requestor)
                if again == hole { break }
                hole = again
            }
            return hole
        }
    }

    /// Calls everything data, which is correct for every file.
    func cautious() throws(IOFailure) -> UInt64 {
        let size = try sizeBeyondOffset()
        return aim == .data ? offset : size
    }

    /// nil if no data follows.
    private func data(from offset: UInt64) throws(IOFailure) -> UInt64? {
        do throws(IOFailure) {
            return try file.nextData(from: offset, requestor: requestor)
        } catch {
            guard error.errno == .noSuchAddressOrDevice else { throw error }
            return nil
        }
    }

    private func sizeBeyondOffset() throws(IOFailure) -> UInt64 {
        let size = try file.status(requestor: requestor).size
        guard offset < size else {
            throw IOFailure(errno: .noSuchAddressOrDevice)
        }
        return size
    }
}
