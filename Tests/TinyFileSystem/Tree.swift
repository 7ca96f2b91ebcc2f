import FUSE

/// The files of the directory.
enum Tree {
    struct File {
        let node: NodeID
        let name: String
        let size: Int
        var isDirectory = false
        var mode: UInt32 { isDirectory ? 0o40755 : 0o100644 }
    }

    static let root = File(node: .root, name: "", size: 0, isDirectory: true)
    /// Holds ``State/greeting``.
    static let greeting = File(node: NodeID(2), name: "greeting", size: 0)
    /// Every byte depends on its place.
    static let pattern = File(node: NodeID(3), name: "pattern", size: 8 << 20)
    /// Its reads wait until a command releases them.
    static let slow = File(node: NodeID(4), name: "slow", size: 4096)
    /// Keeps the bytes that programs write.
    static let notes = File(node: NodeID(5), name: "notes", size: 0)

    /// Has the bytes of the host's file that the command line named, if any.
    static let backing = File(node: NodeID(6), name: "backing", size: 1 << 20)

    static let files = [greeting, pattern, slow, notes]

    static func file(_ node: NodeID) -> File? {
        node == .root ? root : (files + [backing]).first { $0.node == node }
    }

    static func patternByte(at offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: offset &* 7 &+ offset >> 12)
    }
}
