import Foundation

/// A session as a program within a guard may make it up: a folder with any journal.
struct CraftedSession {
    let path: String
    private(set) var journal: [UInt8] = []

    /// Makes its folders, unless `folders` is false.
    init(_ name: String, in stage: UndoStage, folders: Bool = true) throws {
        guard let outer = stage.sessions.first else { throw TestError("no session") }
        path = "\(stage.store)/\(outer)/inner/\(name)"
        for folder in folders ? ["data", "held"] : [""] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
    }

    func write() throws {
        try Data(journal).write(to: URL(fileURLWithPath: "\(path)/journal"))
    }

    // MARK: Records, as docs/undo.md and UndoRecord have them

    mutating func begin(_ root: String) {
        append([1, 1] + text(Array(root.utf8)) + time + word(0) + word(0))
    }

    /// - Parameter kind: 0 a file, 1 a directory, 5 a character device.
    mutating func node(
        _ number: UInt64, kind: UInt8 = 0, size: UInt64 = 0, device: UInt64 = 0,
        in directory: UInt64? = nil, name: String = ""
    ) {
        let head = [2] + long(number) + long(0) + long(number) + [0, kind]
        let owner = word(0o644) + word(0) + word(0)
        let place = directory.map { [1] + long($0) + text(Array(name.utf8)) } ?? [0]
        append(
            head + owner + long(size) + time + time + long(device) + long(1) + place + word(0)
                + [0])
    }

    mutating func entry(_ directory: UInt64, _ name: String, old: UInt64?) {
        append(
            [3] + long(directory) + text(Array(name.utf8)) + (old.map { [1] + long($0) } ?? [0]))
    }

    mutating func kept(_ number: UInt64, _ offset: UInt64, _ length: UInt64, isHole: Bool = false) {
        append([4] + long(number) + long(offset) + long(length) + [isHole ? 1 : 0])
    }

    mutating func whole(_ number: UInt64) { append([5] + long(number)) }
    mutating func held(_ number: UInt64) { append([6] + long(number)) }
    mutating func ended() { append([11] + time) }

    private mutating func append(_ record: [UInt8]) {
        journal += word(UInt32(record.count)) + long(sum(record)) + record
    }

    private var time: [UInt8] { long(1_000_000_000) + word(0) }

    private func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }

    private func long(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private func text(_ bytes: [UInt8]) -> [UInt8] { word(UInt32(bytes.count)) + bytes }

    private func sum(_ bytes: [UInt8]) -> UInt64 {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        var place = 0
        while bytes.count - place >= 8 {
            let word = (0..<8).reduce(UInt64(0)) {
                $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1)
            }
            sum = (sum ^ word) &* 0x100_0000_01B3
            sum ^= sum >> 32
            place += 8
        }
        for byte in bytes[place...] { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return sum
    }
}
