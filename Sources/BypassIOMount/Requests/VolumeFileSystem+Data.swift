internal import FUSE
internal import IOStack
internal import SystemPackage

/// READ, WRITE and COPY_FILE_RANGE.
extension VolumeFileSystem {
    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        do throws(IOFailure) {
            let handle = try handles.handle(request.handle)
            noteMapping(of: handle, request)
            noteCachedPages(of: handle.node, request)
            let (count, route) = try handle.file.countedRead(
                at: request.offset, length: request.size, into: reply.buffer,
                requestor: requestor(request.context))
            handle.count(count, route)
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
            length: read.length, owner: handle)
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
            let count = try write(request, to: file, requestor)
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
