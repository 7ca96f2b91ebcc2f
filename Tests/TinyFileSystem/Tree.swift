import FUSE

/// The files there are.
enum Tree {
    struct File {
        let node: UInt64
        let name: String
        let size: Int
        var isDirectory = false
        var mode: UInt32 { isDirectory ? 0o40755 : 0o100644 }
    }

    static let root = File(node: 1, name: "", size: 0, isDirectory: true)
    /// Holds ``State/greeting``.
    static let greeting = File(node: 2, name: "greeting", size: 0)
    /// Every byte tells where it stands.
    static let pattern = File(node: 3, name: "pattern", size: 8 << 20)
    /// Reads wait until they are let go.
    static let slow = File(node: 4, name: "slow", size: 4096)
    /// Keeps what is written.
    static let notes = File(node: 5, name: "notes", size: 0)

    /// The host's file that was named, if one was.
    static let backing = File(node: 6, name: "backing", size: 1 << 20)

    static let files = [greeting, pattern, slow, notes]

    static func file(_ node: UInt64) -> File? {
        node == 1 ? root : (files + [backing]).first { $0.node == node }
    }

    static func patternByte(at offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: offset &* 7 &+ offset >> 12)
    }
}
