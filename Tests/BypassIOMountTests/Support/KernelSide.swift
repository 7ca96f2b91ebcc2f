import BypassIOProtocol
import Foundation
import IOStack
import MemoryFileSystem
import SystemPackage

@testable import BypassIOMount
@testable import FUSE

/// The kernel's side of a mount, played by the test: it sends messages and takes replies, on the
/// test's own thread.
final class KernelSide {
    struct Reply {
        let errno: Int32
        let body: [UInt8]

        func u32(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(body[offset + $1]) << UInt32($1 * 8) }
        }
        func u64(_ offset: Int) -> UInt64 {
            UInt64(u32(offset)) | UInt64(u32(offset + 4)) << 32
        }
        /// The node in the reply to LOOKUP and to requests that make names.
        var node: UInt64 { u64(0) }
        /// The handle in the reply to OPEN; in CREATE's reply it lies behind the entry.
        var handle: UInt64 { u64(0) }
        var createdHandle: UInt64 { u64(128) }
        /// The size in the reply to GETATTR, whose attributes begin at byte 16.
        var size: UInt64 { u64(16 + 8) }
        var linkCount: UInt32 { u32(16 + 64) }
    }

    final class Outbox: Channel, @unchecked Sendable {
        private let lock = NSLock()
        private var sent: [[UInt8]] = []

        func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int {
            throw .connectionAbort
        }

        func send(_ message: Span<UInt8>) throws(Errno) {
            let bytes = [UInt8](copying: message)
            lock.withLock { sent.append(bytes) }
        }

        func take() -> [[UInt8]] {
            lock.withLock {
                defer { sent = [] }
                return sent
            }
        }
    }

    let memory = MemoryVolume()
    let fileSystem: VolumeFileSystem
    let connection: Connection
    let outbox = Outbox()
    private let input: TransferBuffer
    private let output: TransferBuffer
    private var unique: UInt64 = 1
    var caller = (user: UInt32(1000), group: UInt32(1000), process: UInt32(77))

    init(_ options: VolumeMountOptions = VolumeMountOptions()) throws {
        fileSystem = try VolumeFileSystem(memory.volume, options)
        connection = Connection(fileSystem, maximumTransfer: 65536)
        input = try TransferBuffer(capacity: 65536)
        output = try TransferBuffer(capacity: 65536)
        let initialize = send(
            .initialize, node: 0,
            Bytes().u32(7).u32(45).u32(131072).u32(0x73FF_FFFB).u32(0x7FD)
                .zeros(44))
        precondition(initialize.errno == 0)
    }

    /// Sends one request and returns its only reply.
    @discardableResult
    func send(_ opcode: Opcode, node: UInt64 = 1, _ body: Bytes = Bytes()) -> Reply {
        deliver(message(opcode, node, body.bytes))
        let replies = outbox.take()
        precondition(replies.count == 1, "\(opcode): \(replies.count) replies")
        return Self.parse(replies[0])
    }

    /// Sends a request that has no reply.
    func note(_ opcode: Opcode, node: UInt64, _ body: Bytes) {
        deliver(message(opcode, node, body.bytes))
        precondition(outbox.take().isEmpty)
    }

    func message(_ opcode: Opcode, _ node: UInt64, _ body: [UInt8]) -> [UInt8] {
        unique += 2
        return Bytes().u32(UInt32(40 + body.count)).u32(opcode.rawValue).u64(unique).u64(node)
            .u32(caller.user).u32(caller.group).u32(caller.process).u32(0).bytes + body
    }

    func deliver(_ message: [UInt8]) {
        input.withMutableMessage(header: 80) { span in
            for index in message.indices { span[index] = message[index] }
        }
        connection.process(message.count, in: input, output: output, from: outbox)
    }

    static func parse(_ bytes: [UInt8]) -> Reply {
        let reply = Reply(errno: 0, body: bytes)
        precondition(Int(reply.u32(0)) == bytes.count)
        return Reply(errno: -Int32(bitPattern: reply.u32(4)), body: Array(bytes[16...]))
    }
}

/// A message's body, field by field.
struct Bytes {
    private(set) var bytes: [UInt8] = []

    func u32(_ value: UInt32) -> Bytes {
        with((0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
    }
    func u64(_ value: UInt64) -> Bytes {
        with((0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
    }
    func zeros(_ count: Int) -> Bytes { with([UInt8](repeating: 0, count: count)) }
    func name(_ text: String) -> Bytes { with(Array(text.utf8) + [0]) }
    func with(_ more: [UInt8]) -> Bytes {
        var copy = self
        copy.bytes += more
        return copy
    }
}

extension KernelSide {
    func lookup(_ name: String, in node: UInt64 = 1) -> Reply {
        send(.lookup, node: node, Bytes().name(name))
    }

    func create(
        _ name: String, in node: UInt64 = 1, flags: UInt32 = 2, mode: UInt32 = 0o644,
        umask: UInt32 = 0o022
    ) -> Reply {
        send(
            .create, node: node,
            Bytes().u32(flags).u32(0o100000 | mode).u32(umask).u32(0).name(name))
    }

    func makeDirectory(_ name: String, in node: UInt64 = 1) -> Reply {
        send(.makeDirectory, node: node, Bytes().u32(0o755).u32(0o022).name(name))
    }

    func open(_ node: UInt64, flags: UInt32 = 2) -> Reply {
        send(.open, node: node, Bytes().u32(flags).u32(0))
    }

    /// A program's own read names its lock owner; a read for the page cache does not.
    func read(
        _ node: UInt64, _ handle: UInt64, at offset: UInt64, _ size: UInt32, forCache: Bool = false
    ) -> Reply {
        send(
            .read, node: node,
            Bytes().u64(handle).u64(offset).u32(size).u32(forCache ? 0 : 2).zeros(16))
    }

    func write(_ node: UInt64, _ handle: UInt64, at offset: UInt64, _ data: [UInt8]) -> Reply {
        send(
            .write, node: node,
            Bytes().u64(handle).u64(offset).u32(UInt32(data.count)).zeros(20).with(data))
    }

    func attributes(_ node: UInt64) -> Reply {
        send(.getAttributes, node: node, Bytes().zeros(16))
    }

    func unlink(_ name: String, in node: UInt64 = 1) -> Reply {
        send(.unlink, node: node, Bytes().name(name))
    }

    func release(_ node: UInt64, _ handle: UInt64) -> Reply {
        send(.release, node: node, Bytes().u64(handle).zeros(16))
    }

    func forget(_ node: UInt64, _ count: UInt64 = 1) {
        note(.forget, node: node, Bytes().u64(count))
    }
}
