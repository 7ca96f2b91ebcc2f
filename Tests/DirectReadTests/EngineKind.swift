import DirectRead
import LinuxKit
import TestSupport

/// The engines on which the same tests run.
enum EngineKind: String, CaseIterable, Codable, Sendable {
    case ring
    case threadPool

    static let ringRefusal = RingProbe.run().unavailable

    /// Both kinds, or the thread pool alone where the kernel refuses io_uring.
    static var available: [EngineKind] {
        ringRefusal == nil ? allCases : [.threadPool]
    }

    func make(
        depth: Int, slotSize: Int, fileCapacity: Int = ReadEngines.defaultFileCapacity
    ) throws -> any ReadEngine {
        try ReadEngines.make(
            depth: depth, slotSize: slotSize, policy: self == .ring ? .ring : .threadPool,
            fileCapacity: fileCapacity)
    }
}

extension ReadEngine {
    /// Reads once into slot 0. Returns the bytes read or a negated errno.
    func readOnce(
        _ file: FileIndex, offset: UInt64, length: Int, slot: Int = 0
    ) throws -> Int32 {
        start(slot: slot, file: file, offset: offset, length: length)
        try submit(waitingFor: 1)
        guard let completion = nextCompletion() else { throw MissingCompletion() }
        guard completion.slot == Int32(slot) else { throw MissingCompletion() }
        return completion.result
    }
}

extension ReadEngine {
    /// Whether a slot starts with `count` bytes of the file from `offset` on.
    func holds(_ file: TemporaryFile, at offset: Int, count: Int, inSlot slot: Int) -> Bool {
        withBytes(of: slot, count: count) { file.holds($0, at: offset) }
    }
}

struct MissingCompletion: Error {}
