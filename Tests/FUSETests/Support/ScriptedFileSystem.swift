import FUSE
import Foundation
import LinuxKit
import SystemPackage

/// A file system that treats every request alike, and logs it.
final class ScriptedFileSystem: FileSystem, @unchecked Sendable {
    enum Behaviour: Sendable, Equatable {
        case succeed
        case fail(Errno)
        /// Drops the reply unused.
        case drop
    }

    let features: InitFlags
    let behaviour: Behaviour
    private let lock = NSLock()
    private var entries: [String] = []

    init(_ behaviour: Behaviour = .succeed, features: InitFlags = []) {
        self.behaviour = behaviour
        self.features = features
    }

    /// The requests since the last call.
    func takeLog() -> [String] {
        lock.withLock {
            defer { entries = [] }
            return entries
        }
    }

    func log(_ entry: String) {
        lock.withLock {
            // A random message may ask to forget millions.
            if entries.count < 1000 { entries.append(entry) }
        }
    }

    /// The requestor, for the log.
    func who(_ context: RequestContext) -> String {
        "#\(context.unique) node \(context.node) \(context.userID):\(context.groupID)"
            + " pid \(context.processID)"
    }

    static let attributes = NodeAttributes(
        inode: 0x0102_0304_0506_0708, size: 0x1112_1314_1516_1718, blocks: 0x2122_2324_2526_2728,
        accessTime: Timestamp(seconds: 0x3132_3334, nanoseconds: 111_111_111),
        modificationTime: Timestamp(seconds: -2, nanoseconds: 222_222_222),
        changeTime: Timestamp(seconds: 0x5152_5354, nanoseconds: 333_333_333), mode: 0o100640,
        linkCount: 0x6162_6364, userID: 0x7172_7374, groupID: 0x4142_4344,
        device: DeviceCode(major: 0xABC, minor: 0x12345), blockSize: 65536)

    static let entry = NodeEntry(
        node: 0x9192_9394_9596_9798, attributes: attributes,
        nameValidity: Validity(.seconds(7) + .nanoseconds(70)),
        attributesValidity: Validity(.seconds(8) + .nanoseconds(80)))

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        log("lookup \(who(request.context)) \(text(request.name))")
        answer(reply)
    }

    func forget(node: NodeID, count: UInt64) { log("forget \(node) \(count)") }

    func interrupt(unique: RequestID) { log("interrupt \(unique)") }

    func destroy() { log("destroy") }

    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        log("getattr \(who(request.context)) handle \(optional(request.handle))")
        answer(reply)
    }

    func extendedStatus(_ request: GetAttributesRequest, _ reply: consuming StatusReply) {
        log("statx \(who(request.context)) handle \(optional(request.handle))")
        switch behaviour {
        case .succeed:
            reply.succeed(
                Self.attributes, birthTime: Timestamp(seconds: 99, nanoseconds: 98),
                validFor: Validity(.seconds(3) + .nanoseconds(30)))
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func readLink(_ context: RequestContext, _ reply: consuming BytesReply) {
        log("readlink \(who(context))")
        switch behaviour {
        case .succeed:
            let target = Array("../target".utf8)
            reply.succeed(target.span)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func access(_ context: RequestContext, mask: UInt32, _ reply: consuming EmptyReply) {
        log("access \(who(context)) mask \(mask)")
        answer(reply)
    }

    func fileSystemStatus(_ context: RequestContext, _ reply: consuming FileSystemStatusReply) {
        log("statfs \(who(context))")
        switch behaviour {
        case .succeed:
            reply.succeed(
                FileSystemStatus(
                    blocks: 1, freeBlocks: 2, availableBlocks: 3, files: 4, freeFiles: 5,
                    blockSize: 6, maximumNameLength: 7))
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func synchronizeFileSystem(_ context: RequestContext, _ reply: consuming EmptyReply) {
        log("syncfs \(who(context))")
        answer(reply)
    }

    // MARK: The behaviour

    func answer(_ reply: consuming EmptyReply) {
        switch behaviour {
        case .succeed: reply.succeed()
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func answer(_ reply: consuming EntryReply) {
        switch behaviour {
        case .succeed: reply.succeed(Self.entry)
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func answer(_ reply: consuming AttributesReply) {
        switch behaviour {
        case .succeed:
            reply.succeed(Self.attributes, validFor: Validity(.seconds(9) + .nanoseconds(90)))
        case .fail(let error): reply.fail(error)
        case .drop: break
        }
    }

    func optional<T>(_ value: T?) -> String { value.map { "\($0)" } ?? "-" }

    func text(_ bytes: Span<UInt8>) -> String {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        return "'" + String(decoding: copy, as: UTF8.self) + "'"
    }
}
