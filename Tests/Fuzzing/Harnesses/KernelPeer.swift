import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import TestMessages

@testable import BypassIOMount
@testable import FUSE

/// The kernel's side of a mount in memory. It keeps the nodes and handles that it was given.
final class KernelPeer {
    private static let capacity = 65536
    private static let signatures = [Signature(name: "needle", pattern: Array("needle".utf8))]
        .compactMap(\.self)

    private let memory = MemoryVolume()
    private let fileSystem: VolumeFileSystem
    private let connection: Connection
    private let outbox = Outbox()
    private let input: TransferBuffer
    private let output: TransferBuffer
    private var unique: UInt64 = 1
    private var nodes: [UInt64] = [1]
    private var handles: [(node: UInt64, handle: UInt64, isDirectory: Bool)] = []
    private var further: FilterInstance?

    init() throws {
        try memory.attach(ReadAudit())
        try memory.attach(ContentScanner(signatures: Self.signatures))
        fileSystem = try VolumeFileSystem(memory.volume, VolumeMountOptions())
        connection = Connection(fileSystem, maximumTransfer: Self.capacity)
        input = try TransferBuffer(capacity: Self.capacity)
        output = try TransferBuffer(capacity: Self.capacity)
        // Protocol 7.45 with all that this kernel could offer.
        let offer: [UInt32] = [7, 45, 131072, 0x73FF_FFFB, 0x7FD] + Array(repeating: 0, count: 11)
        let answer = send(
            Opcode.initialize.rawValue, 0,
            offer.flatMap(\.littleEndianBytes))
        demand(answer != nil, "INIT is answered without an error")
    }

    func node(_ choice: UInt8) -> UInt64 {
        choice == 255 ? 4711 : nodes[Int(choice) % nodes.count]
    }

    func handle(_ choice: UInt8) -> UInt64 {
        guard choice != 255, !handles.isEmpty else { return 4711 }
        return handles[Int(choice) % handles.count].handle
    }

    func toggleFilter() {
        guard let instance = further else {
            further = try? memory.attach(
                NoOpFilter(altitude: Altitude(integer: 99_999)).registration)
            return
        }
        further = nil
        _ = try? memory.manager.filterManager.detach(instance)
    }

    /// The answer's body; nil for an error, and where no answer is due.
    @discardableResult
    func send(_ opcode: UInt32, _ node: UInt64, _ body: [UInt8]) -> [UInt8]? {
        unique += 2
        let first = [UInt32(RequestHeader.size + body.count), opcode].flatMap(\.littleEndianBytes)
        let caller = [1000, 1000, 77, 0].flatMap { UInt32($0).littleEndianBytes }
        let header = first + unique.littleEndianBytes + node.littleEndianBytes + caller
        guard let body = deliver(header + body) else { return nil }
        keep(Opcode(rawValue: opcode), node, body)
        return body
    }

    @discardableResult
    func deliver(_ message: [UInt8]) -> [UInt8]? {
        guard message.count <= Self.capacity + Connection.requestRoom else { return nil }
        input.withMutableMessage(header: Connection.requestRoom) { memory in
            for index in message.indices { memory[index] = message[index] }
        }
        connection.process(message.count, in: input, output: output, from: outbox)
        let answers = outbox.take()
        guard message.count >= RequestHeader.size else {
            demand(answers.isEmpty, "without a header there is no answer")
            return nil
        }
        let isDue = Opcode(rawValue: message.word(4))?.hasReply ?? true
        demand(answers.count == (isDue ? 1 : 0), "a request has \(answers.count) answers")
        return answers.first.flatMap { body(of: $0, to: message) }
    }

    private func body(of answer: [UInt8], to request: [UInt8]) -> [UInt8]? {
        demand(answer.count >= 16, "an answer has a header")
        demand(Int(answer.word(0)) == answer.count, "an answer tells its length")
        demand(answer[8..<16] == request[8..<16], "an answer is that of its request")
        let error = Int32(bitPattern: answer.word(4))
        demand((-4095...0).contains(error), "an error is an errno")
        demand(error == 0 || answer.count == 16, "an error has no body")
        return error == 0 ? Array(answer[16...]) : nil
    }

    private func keep(_ opcode: Opcode?, _ node: UInt64, _ body: [UInt8]) {
        switch opcode {
        case .lookup, .makeNode, .makeDirectory, .symbolicLink, .link:
            keepNode(body)
        case .create, .temporaryFile:
            keepNode(body)
            handles.append((body.long(0), body.long(128), false))
        case .open, .openDirectory:
            handles.append((node, body.long(0), opcode == .openDirectory))
        default: break
        }
    }

    private func keepNode(_ body: [UInt8]) {
        let node = body.long(0)
        // 0: the name is not there, which the kernel may remember.
        if node != 0, !nodes.contains(node) { nodes.append(node) }
    }

    /// Closes everything, and looks what is left.
    func end() {
        for (node, handle, isDirectory) in handles {
            let opcode: Opcode = isDirectory ? .releaseDirectory : .release
            send(
                opcode.rawValue, node,
                handle.littleEndianBytes + [UInt8](repeating: 0, count: 16))
        }
        demand(fileSystem.handles.open.isEmpty, "what is closed is gone")
        demand(memory.volume.activeBypassCount == 0, "the last close leaves no bypass")
        let attributes = send(
            Opcode.getAttributes.rawValue, 1, [UInt8](repeating: 0, count: 16))
        demand(attributes != nil, "the mount goes on")
        fileSystem.closeAll()
        demand(
            (try? memory.manager.dismount(memory.volume)) != nil, "no file of the mount stays open")
    }
}
