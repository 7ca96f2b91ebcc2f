internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import Synchronization
internal import SystemPackage

/// READ, WRITE and COPY_FILE_RANGE.
extension VolumeFileSystem {
    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        do throws(IOFailure) {
            let handle = try handles.handle(request.handle)
            noteMapping(of: handle, request)
            noteCachedPages(of: handle.node, request)
            let began = times.begin()
            let (count, route) = try handle.file.countedRead(
                at: request.offset, length: request.size, into: reply.buffer,
                requestor: requestor(request.context))
            handle.count(count, route)
            if began != 0 {
                times.record(
                    .read(route.skipsFilters ? .serviceBypass : .traditional), since: began)
            }
            reply.succeed(count)
        } catch {
            reply.fail(error)
        }
    }

    /// A read waits only for the disk if bypass is in force for the whole stack.
    func beginRead(_ request: ReadRequest) -> BackingRead? {
        guard !request.isForCache, let handle = try? handles.handle(request.handle),
            let read = handle.file.beginStorageRead(at: request.offset, length: request.size)
        else { return nil }
        return BackingRead(
            descriptor: FileDescriptor(rawValue: read.descriptor), offset: read.offset,
            length: read.length, owner: handle, began: times.begin())
    }

    func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply) {
        do throws(IOFailure) {
            let handle = try handles.handle(request.handle)
            // The kernel does not name the writer of pages that it writes back from its cache.
            let requestor =
                request.isFromCache
                ? handle.file.requestor.withoutProcess : requestor(request.context)
            let file = request.isFromCache ? try handle.writeBackFile() : handle.file
            defer { noteOwnChange(of: handle.node) }
            let began = times.begin()
            if handle.appends, !request.isFromCache,
                let count = try appended(request.count, to: file, request.context)
            {
                return reply.succeed(count)
            }
            let count = try write(request, to: file, requestor)
            if began != 0 { times.record(.write, since: began) }
            if request.killsPrivileges {
                try? dropPrivileges(of: file, request.context.node, requestor)
            }
            reply.succeed(count)
        } catch {
            notices.forgetAttributes(of: request.context.node)
            reply.fail(error)
        }
    }

    private func write(
        _ request: borrowing WriteRequest, to file: FileObject, _ requestor: Requestor
    ) throws(IOFailure) -> Int {
        try file.write(
            at: request.offset, length: request.count, from: request.buffer, requestor: requestor)
    }

    /// The most for one request, in bytes; the caller asks again for the rest.
    private static let largestCopy: UInt64 = 16 << 20

    /// Reads and writes through the stack, so that filters see the copied bytes.
    func copyFileRange(_ request: CopyFileRangeRequest, _ reply: consuming CopyReply) {
        let requestor = requestor(request.context)
        do throws(IOFailure) {
            let source = try handles.handle(request.sourceHandle)
            let targetHandle = try handles.handle(request.targetHandle)
            let target = targetHandle.file
            defer { noteOwnChange(of: targetHandle.node) }
            try dropPrivilegesUnlessRoot(of: target, request.targetNode, requestor)
            let wanted = Int(min(request.length, Self.largestCopy))
            var copied = 0
            while copied < wanted {
                let done: Int
                do throws(IOFailure) {
                    done = try copy(
                        from: source, at: request.sourceOffset + UInt64(copied),
                        to: target, at: request.targetOffset + UInt64(copied),
                        wanted - copied, through: reply.buffer, requestor)
                } catch {
                    // The bytes copied so far count; the next request meets the error.
                    guard copied > 0 else { throw error }
                    break
                }
                copied += done
                if done == 0 { break }
            }
            reply.succeed(copied)
        } catch {
            notices.forgetAttributes(of: request.targetNode)
            let end = request.targetOffset.addingReportingOverflow(request.length)
            notices.forgetData(
                of: request.targetNode, request.targetOffset..<(end.overflow ? .max : end.0))
            reply.fail(error)
        }
    }

    private func copy(
        from source: OpenHandle, at offset: UInt64, to target: FileObject, at place: UInt64,
        _ wanted: Int, through buffer: TransferBuffer, _ requestor: Requestor
    ) throws(IOFailure) -> Int {
        let length = min(wanted, buffer.capacity)
        let (count, route) = try source.file.countedRead(
            at: offset, length: length, into: buffer, requestor: requestor)
        source.count(count, route)
        guard count > 0 else { return 0 }
        return try target.write(at: place, length: count, from: buffer, requestor: requestor)
    }
}

extension Requestor {
    /// The user of a handle without the process, for later work of the kernel's.
    fileprivate var withoutProcess: Requestor {
        .user(userID, group: groupID, administrator: mayAdministerVolume)
    }
}

/// Tracks the kernel's use of its page cache for open files, as far as a service can see it (spec
/// 4.6).
extension VolumeFileSystem {
    /// A file opened without O_DIRECT is in cached use from here on: the kernel may read ahead,
    /// serve reads and mappings, and keep written pages of a mapping, all without a request. It
    /// keeps the handle until the last mapping made through it is gone.
    func noteOpen(of file: FileObject) {
        if !file.isNonCached { file.beginCachedUse() }
        unwatched.current?.opened()
    }

    /// The kernel has pages of the file from now on, and its cache may keep them after this handle
    /// closes.
    func noteCachedPages(of node: Node, _ request: ReadRequest) {
        guard request.isForCache, !node.wasReadIntoCache.load(ordering: .relaxed) else { return }
        node.wasReadIntoCache.store(true, ordering: .relaxed)
    }

    /// A request of the mount changed the file's content and times.
    func noteOwnChange(of node: Node) {
        node.ownChanges.add(1, ordering: .releasing)
    }

    /// A mapping reads its pages through the handle that made it, with or without O_DIRECT.
    ///
    /// A mapping whose every page another handle brought into the cache sends no request; its
    /// stores appear when the kernel writes them back. Reads through the mount do not miss them:
    /// the kernel writes back a file's pages before it reads the file directly. Searches for data
    /// do: see ``seek(_:_:)``.
    ///
    /// Where the kernel reads the file itself, such a request is a readahead(2), not a mapping.
    func noteMapping(of handle: OpenHandle, _ request: ReadRequest) {
        let file = handle.file
        if handle.decision?.opener != nil { return }
        guard request.isForCache, file.isNonCached else { return }
        let isNew = recovery != nil && !file.isInMappedUse
        file.beginCachedUse(isMapped: true)
        if isNew { handles.noteState(of: request.handle) }
    }
}
