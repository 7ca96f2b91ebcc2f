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
