internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

/// LSEEK, which the kernel sends only for SEEK_DATA and SEEK_HOLE, while it holds the inode's lock.
extension VolumeFileSystem {
    func seek(_ request: SeekRequest, _ reply: consuming SeekReply) {
        let search: DataSearch
        let node: Node
        let known: UInt64?
        do throws(IOFailure) {
            let handle = try handles.handle(request.handle)
            guard let aim = DataSearch.Aim(rawValue: request.whence) else {
                throw IOFailure(.invalidParameter)
            }
            node = handle.node
            search = DataSearch(
                aim: aim, offset: request.offset, file: handle.file,
                requestor: requestor(request.context))
            known = try node.mayBeMappedForWriting ? search.certain() : search.asStored()
        } catch {
            return reply.fail(error)
        }
        if let known { return reply.succeed(known) }
        writeBackAndSeek(search, of: node.number, KeptSeek(reply))
    }

    /// The kernel writes the pages back by WRITE requests, which other threads carry. For that it
    /// needs neither the inode's lock nor the answer to this request. The thread that waits for it
    /// carries no request, so threads remain for the WRITEs however many programs ask at once.
    private func writeBackAndSeek(_ search: DataSearch, of node: NodeID, _ kept: KeptSeek) {
        let notices = notices
        let isTaken = notices.run {
            kept.answer { () throws(IOFailure) in
                try search.exact { notices.writeBack(node, $0) }
            }
        }
        if !isTaken { kept.answer(search.cautious) }
    }
}

/// An answer for later; the first call of ``answer(_:)`` gives it.
private final class KeptSeek: Sendable {
    private let reply: Guarded<SeekReply?>

    init(_ reply: consuming SeekReply) {
        self.reply = Guarded(reply)
    }

    func answer(_ offset: () throws(IOFailure) -> UInt64) {
        guard let reply = reply.withLock({ $0.take() }) else { return }
        let found: UInt64
        do throws(IOFailure) {
            found = try offset()
        } catch {
            return reply.fail(error)
        }
        reply.succeed(found)
    }
}

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
