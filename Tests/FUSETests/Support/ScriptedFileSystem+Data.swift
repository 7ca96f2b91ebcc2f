import FUSE
import SystemPackage

extension ScriptedFileSystem {
    func seek(_ request: SeekRequest, _ reply: consuming SeekReply) {
        log(
            "lseek \(who(request.context)) handle \(request.handle) \(request.offset)"
                + " whence \(request.whence)")
        switch behaviour {
        case .succeed: reply.succeed(0x0102_0304_0506_0708)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func copyFileRange(_ request: CopyFileRangeRequest, _ reply: consuming CopyReply) {
        log(
            "copy \(who(request.context)) handle \(request.sourceHandle) \(request.sourceOffset)"
                + " to node \(request.targetNode) handle \(request.targetHandle)"
                + " \(request.targetOffset) length \(request.length)")
        switch behaviour {
        case .succeed: reply.succeed(4096)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func control(_ request: borrowing ControlRequest, _ reply: consuming ControlReply) {
        log(
            "ioctl \(who(request.context)) handle \(request.handle) command \(request.command)"
                + " argument \(request.argument) input \(request.input.count)"
                + " room \(request.outputSize) directory \(request.isDirectory)")
        switch behaviour {
        case .succeed: reply.succeed(result: -7, request.input)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    // MARK: Directories

    func readDirectory(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        list(request, reply)
    }

    func readDirectoryPlus(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        list(request, reply)
    }

    /// Lists "." without an entry, and as many other names as fit.
    private func list(_ request: ReadRequest, _ reply: consuming DirectoryReply) {
        log(
            "list \(who(request.context)) handle \(request.handle) \(request.offset)+\(request.size)"
        )
        switch behaviour {
        case .succeed:
            var position: UInt64 = 1
            var name = Array(".".utf8)
            while reply.append(
                name: name.span, inode: 0x0A0B_0C0D_0E0F_1011, kind: 4, position: position,
                entry: position == 1 ? nil : Self.entry)
            {
                position += 1
                name = Array("name-\(position)".utf8)
            }
            reply.succeed()
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    // MARK: Locks

    func testLock(_ request: LockRequest, _ reply: consuming LockReply) {
        log("getlk \(describe(request))")
        switch behaviour {
        case .succeed:
            reply.succeed(RangeLock(kind: .exclusive, start: 10, end: 20, processID: 30))
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func setLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        log("setlk \(describe(request))")
        answer(reply)
    }

    func waitForLock(_ request: LockRequest, _ reply: consuming EmptyReply) {
        log("setlkw \(describe(request))")
        answer(reply)
    }

    private func describe(_ request: LockRequest) -> String {
        "\(who(request.context)) handle \(request.handle) owner \(request.owner)"
            + " \(request.lock.kind) \(request.lock.start)...\(request.lock.end)"
            + " pid \(request.lock.processID) whole \(request.isWholeFile)"
    }
}
