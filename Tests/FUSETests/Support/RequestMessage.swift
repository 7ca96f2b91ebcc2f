import FUSE

/// A request as the kernel would send it, built field by field.
struct RequestMessage: Sendable {
    private(set) var bytes: [UInt8] = []

    /// `struct fuse_in_header`; ``finished()`` sets the length.
    init(
        _ opcode: UInt32, unique: UInt64 = 77, node: UInt64 = 1, userID: UInt32 = 1000,
        groupID: UInt32 = 1001, processID: UInt32 = 4242
    ) {
        self = u32(0).u32(opcode).u64(unique).u64(node).u32(userID).u32(groupID).u32(processID)
            .u16(0).u16(0)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ opcode: Opcode, unique: UInt64 = 77, node: UInt64 = 1) {
        self.init(opcode.rawValue, unique: unique, node: node)
    }

    func raw(_ more: some Sequence<UInt8>) -> RequestMessage {
        RequestMessage(bytes: bytes + more)
    }

    func u16(_ value: UInt16) -> RequestMessage {
        raw([UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)])
    }

    func u32(_ value: UInt32) -> RequestMessage {
        u16(UInt16(truncatingIfNeeded: value)).u16(UInt16(truncatingIfNeeded: value >> 16))
    }

    func u64(_ value: UInt64) -> RequestMessage {
        u32(UInt32(truncatingIfNeeded: value)).u32(UInt32(truncatingIfNeeded: value >> 32))
    }

    /// With the closing NUL.
    func text(_ text: String) -> RequestMessage { raw(Array(text.utf8) + [0]) }

    func zeros(_ count: Int) -> RequestMessage { raw([UInt8](repeating: 0, count: count)) }

    func withLength(_ length: UInt32) -> RequestMessage {
        var copy = self
        for byte in 0..<4 {
            copy.bytes[byte] = UInt8(truncatingIfNeeded: length >> UInt32(byte * 8))
        }
        return copy
    }

    /// The whole message, with its own length in the header.
    func finished() -> [UInt8] { withLength(UInt32(bytes.count)).bytes }

    /// The first `count` bytes; the header says that this is all.
    func truncated(to count: Int) -> [UInt8] {
        Array(withLength(UInt32(count)).bytes.prefix(count))
    }
}
