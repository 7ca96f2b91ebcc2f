import FUSE
import LinuxKit
import SystemPackage

extension ScriptedFileSystem {
    func open(_ request: OpenRequest, _ reply: consuming OpenReply) {
        log(
            "open \(who(request.context)) flags \(request.flags.rawValue)"
                + " kill \(request.killsPrivileges)")
        answer(reply)
    }

    func openDirectory(_ request: OpenRequest, _ reply: consuming OpenReply) {
        log("opendir \(who(request.context)) flags \(request.flags.rawValue)")
        answer(reply)
    }

    private func answer(_ reply: consuming OpenReply) {
        switch behaviour {
        case .succeed: reply.succeed(handle: 0x1122_3344_5566_7788, [.directIO, .noFlush])
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func create(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        log(describe("create", request))
        answer(reply)
    }

    func temporaryFile(_ request: borrowing CreateRequest, _ reply: consuming CreateReply) {
        log(describe("tmpfile", request))
        answer(reply)
    }

    private func describe(_ what: String, _ request: borrowing CreateRequest) -> String {
        "\(what) \(who(request.context)) \(text(request.name)) flags \(request.flags.rawValue)"
            + " mode \(request.mode) umask \(request.umask) kill \(request.killsPrivileges)"
    }

    private func answer(_ reply: consuming CreateReply) {
        switch behaviour {
        case .succeed: reply.succeed(Self.entry, handle: 0x1122_3344_5566_7788, .keepCache)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func read(_ request: ReadRequest, _ reply: consuming ReadReply) {
        log("read \(describe(request))" + (request.isForCache ? " for the cache" : ""))
        switch behaviour {
        case .succeed:
            reply.buffer.withMutableBytes(request.size) { bytes in
                for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index) }
            }
            reply.succeed(request.size)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    private func describe(_ request: ReadRequest) -> String {
        "\(who(request.context)) handle \(request.handle) \(request.offset)+\(request.size)"
    }

    func write(_ request: borrowing WriteRequest, _ reply: consuming WriteReply) {
        let content = request.buffer.withBytes(min(request.count, 16)) { text($0) }
        log(
            "write \(who(request.context)) handle \(request.handle)"
                + " \(request.offset)+\(request.count) \(content) cache \(request.isFromCache)"
                + " kill \(request.killsPrivileges)")
        switch behaviour {
        case .succeed: reply.succeed(request.count)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func flush(_ request: FlushRequest, _ reply: consuming EmptyReply) {
        log("flush \(who(request.context)) handle \(request.handle) owner \(request.lockOwner)")
        answer(reply)
    }

    func release(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        log("release \(describe(request))")
        answer(reply)
    }

    func releaseDirectory(_ request: ReleaseRequest, _ reply: consuming EmptyReply) {
        log("releasedir \(describe(request))")
        answer(reply)
    }

    private func describe(_ request: ReleaseRequest) -> String {
        "\(who(request.context)) handle \(request.handle) owner \(request.lockOwner)"
            + " unlock \(request.unlocksWholeFile)"
    }

    func synchronize(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        log("fsync \(who(request.context)) handle \(request.handle) data \(request.dataOnly)")
        answer(reply)
    }

    func synchronizeDirectory(_ request: SynchronizeRequest, _ reply: consuming EmptyReply) {
        log("fsyncdir \(who(request.context)) handle \(request.handle) data \(request.dataOnly)")
        answer(reply)
    }

    func allocate(_ request: AllocateRequest, _ reply: consuming EmptyReply) {
        log(
            "fallocate \(who(request.context)) handle \(request.handle)"
                + " \(request.offset)+\(request.length) mode \(request.mode)")
        answer(reply)
    }
}
