import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import TestMessages

@testable import BypassIOMount
@testable import FUSE

/// Sequences of messages as the kernel sends them and as it never would, to a mount in memory with
/// filters: nodes and handles in the answers are used by later messages. Each message gets the one
/// answer that it waits for, and what is closed is gone.
enum MessageHarness: Harness {
    static let name = "messages"

    static func attempt(_ input: [UInt8]) {
        guard let peer = try? KernelPeer() else { fatalError("a mount in memory begins") }
        var choices = Choices(input)
        for _ in 0..<96 where !choices.isAtEnd { MessageStep(&choices, peer).take(peer) }
        peer.end()
    }
}

/// One message, chosen by the input.
private struct MessageStep {
    private static let names = [
        "a", "b", "c", ".", "..", "", "a/b", "\u{FF}", "trusted.bypassio.x",
    ]
    private static let firstOfOurs = UInt8(54)

    private var opcode = UInt32(0)
    private var node = UInt64(0)
    private var body: [UInt8] = []
    private var raw: [UInt8]?

    init(_ choices: inout Choices, _ peer: KernelPeer) {
        let kind = choices.byte() % 58
        node = peer.node(choices.byte())
        switch kind {
        case ..<Self.firstOfOurs:
            opcode = UInt32(kind)
            body = Self.body(&choices, peer)
        case 54, 55:
            opcode = Opcode.control.rawValue
            body = Self.control(&choices, peer)
        case 56:
            raw = choices.bytes(atMost: Int(choices.byte()))
        default:
            peer.toggleFilter()
        }
    }

    func take(_ peer: KernelPeer) {
        if let raw {
            peer.deliver(raw)
        } else if opcode != Opcode.initialize.rawValue, opcode != Opcode.destroy.rawValue {
            peer.send(opcode, node, body)
        }
    }

    /// Bytes of the input; often a handle in front, and a name at the end.
    private static func body(_ choices: inout Choices, _ peer: KernelPeer) -> [UInt8] {
        let shape = choices.byte()
        var body = choices.bytes(atMost: Int(choices.byte() & 127))
        if shape & 1 != 0 {
            let handle = peer.handle(choices.byte())
            body.replaceSubrange(0..<min(8, body.count), with: handle.littleEndianBytes)
        }
        if shape & 2 != 0 { body += Array((choices.element(of: names) ?? "").utf8) + [0] }
        if shape & 4 != 0 { body += Array((choices.element(of: names) ?? "").utf8) + [0] }
        return body
    }

    /// A `struct bypassio_fsctl`, in the message of an ioctl.
    private static func control(_ choices: inout Choices, _ peer: KernelPeer) -> [UInt8] {
        let shape = choices.byte()
        var message = [UInt8](repeating: 0, count: 512)
        func put(_ value: UInt32, at offset: Int) {
            message.replaceSubrange(offset..<offset + 4, with: value.littleEndianBytes)
        }
        let isWhole = shape & 1 == 0
        put(isWhole ? ControlCode.manageBypassIO.rawValue : UInt32(choices.number(4)), at: 0)
        put(shape & 2 == 0 ? 0 : UInt32(choices.number(4)), at: 4)
        put(shape & 4 == 0 ? 24 : UInt32(choices.number(2)), at: 8)
        put(shape & 8 == 0 ? 352 : UInt32(choices.number(2)), at: 12)
        put(UInt32(choices.byte() % 10), at: 24)
        put(UInt32(choices.byte()), at: 28)
        if shape & 16 != 0 {
            message.replaceSubrange(24..<48, with: (0..<24).map { _ in choices.byte() })
        }
        let input = shape & 32 == 0 ? message : Array(message.prefix(Int(choices.number(2)) % 513))
        let handle = peer.handle(choices.byte())
        let words = [
            shape & 64 == 0 ? 0 : UInt32(choices.byte()), ControlMessage.number, 0, 0,
            UInt32(input.count), shape & 128 == 0 ? 512 : UInt32(choices.number(2)),
        ]
        return handle.littleEndianBytes + words.flatMap(\.littleEndianBytes) + input
    }
}
