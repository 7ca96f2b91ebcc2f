import FUSE
import SystemPackage

extension TinyFileSystem {
    func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        state.count("open")
        // Every read has to reach the service, except those of the greeting, which shows the
        // kernel's cache.
        let isCached = request.context.node == Tree.greeting.node
        reply.succeed(
            handle: HandleID(request.context.node.rawValue), isCached ? .keepCache : .directIO)
    }

    func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        state.count("release")
        reply.succeed()
    }

    func beginRead(_ request: ReadRequest) -> BackingRead? {
        request.context.node == Tree.backing.node ? backing?.begin(request) : nil
    }

    /// No file has attributes; the slow file's request takes time.
    func getExtendedAttribute(
        _ request: borrowing ExtendedAttributeRequest, _ reply: consuming ExtendedAttributeReply
    ) {
        state.count("getxattr")
        if request.context.node == Tree.slow.node { state.waitUntilOpen() }
        reply.fail(.noFunction)
    }

    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        state.count("read")
        let buffer = reply.buffer
        let offset = Int(clamping: request.offset)
        switch request.context.node {
        case Tree.pattern.node:
            let count = min(request.size, max(0, Tree.pattern.size - offset))
            buffer.withMutableBytes(count) { bytes in
                for index in bytes.indices { bytes[index] = Tree.patternByte(at: offset + index) }
            }
            reply.succeed(count)
        case Tree.slow.node:
            if tellsOfWaits { WorkerThread.beginWait { true } }
            state.waitUntilOpen()
            if tellsOfWaits { WorkerThread.endWait() }
            buffer.withMutableBytes(request.size) { bytes in
                for index in bytes.indices { bytes[index] = 0x55 }
            }
            reply.succeed(min(request.size, max(0, Tree.slow.size - offset)))
        case Tree.backing.node:
            backing?.read(request, reply)
        default:
            let content = state.content(request.context.node) ?? []
            reply.succeed(content.span, for: request)
        }
    }

    func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply) {
        state.count("write")
        let (node, count) = (request.context.node, request.count)
        guard node == Tree.notes.node else { return reply.fail(.readOnlyFileSystem) }
        let offset = Int(clamping: request.offset)
        var data: [UInt8] = []
        request.buffer.withBytes(count) { bytes in
            for index in bytes.indices { data.append(bytes[index]) }
        }
        state.change(node) { content in
            if content.count < offset + count {
                content += [UInt8](repeating: 0, count: offset + count - content.count)
            }
            content.replaceSubrange(offset..<offset + count, with: data)
        }
        reply.succeed(count)
    }

    // MARK: Directories

    func openDirectory(_ request: OpenRequest, _ reply: consuming OpenReply) {
        state.count("opendir")
        reply.succeed(handle: HandleID(1))
    }

    func releaseDirectory(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        reply.succeed()
    }

    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        list(request, reply, isPlus: false)
    }

    func readDirectoryPlus(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        list(request, reply, isPlus: true)
    }

    private func list(_ request: ReadRequest, _ reply: consuming DirectoryReply, isPlus: Bool) {
        state.count(isPlus ? "readdirplus" : "readdir")
        let names: [(String, Tree.File)] =
            [(".", Tree.root), ("..", Tree.root)] + Tree.files.map { ($0.name, $0) }
        for (index, (name, file)) in names.enumerated().dropFirst(Int(clamping: request.offset)) {
            let bytes = Array(name.utf8)
            let isIn = reply.append(
                name: bytes.span, inode: file.node.rawValue, kind: UInt8(file.mode >> 12),
                position: UInt64(index + 1), entry: index < 2 ? nil : entry(file))
            if !isIn { break }
        }
        reply.succeed()
    }

    // MARK: Locks

    func testLock(_ request: LockRequest, _ reply: consuming LockReply) {
        reply.succeed(nil)
    }

    func setLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        if request.lock.kind == .unlock {
            reply.succeed()
        } else {
            reply.fail(.resourceTemporarilyUnavailable)
        }
    }

    /// Waits without a thread.
    func waitForLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        state.keep(request.context.unique, reply)
    }
}
