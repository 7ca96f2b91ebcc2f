import IOStack

/// The contents of a scenario's files. Every byte depends on its place, so that a read of wrong
/// bytes shows. Usable from any thread; its lock is a leaf.
public final class FileContents: Sendable {
    private let files: Guarded<[String: [UInt8]]>

    public init(_ files: [FileDescription]) {
        var contents: [String: [UInt8]] = [:]
        for file in files { contents[file.path] = Self.initial(file) }
        self.files = Guarded(contents)
    }

    /// A file's content when the script begins.
    public static func initial(_ file: FileDescription) -> [UInt8] {
        if file.attributes.contains(.sparse) { return [UInt8](repeating: 0, count: file.size) }
        return pattern(file.size, seed: file.path.utf8.reduce(1) { $0 &* 31 &+ $1 })
    }

    /// The bytes that a step writes; each step's differ.
    public static func written(_ length: Int, at offset: UInt64) -> [UInt8] {
        pattern(length, seed: UInt8(truncatingIfNeeded: offset / 512 &+ 101))
    }

    private static func pattern(_ count: Int, seed: UInt8) -> [UInt8] {
        (0..<count).map {
            UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 8)) &+ seed
        }
    }

    public func write(_ bytes: [UInt8], at offset: UInt64, of path: String) {
        let start = Int(clamping: offset)
        guard start <= Self.limit - bytes.count else { return files.withLock { $0[path] = nil } }
        files.withLock { files in
            guard var content = files[path] else { return }
            if content.count < start + bytes.count {
                content += [UInt8](repeating: 0, count: start + bytes.count - content.count)
            }
            content.replaceSubrange(start..<start + bytes.count, with: bytes)
            files[path] = content
        }
    }

    public func resize(_ path: String, to size: UInt64) {
        let size = min(Int(clamping: size), Self.limit)
        files.withLock { files in
            guard let content = files[path] else { return }
            files[path] = Array(
                (content + [UInt8](repeating: 0, count: max(0, size - content.count))).prefix(size))
        }
    }

    public func clear(_ path: String, from offset: UInt64, length: UInt64) {
        files.withLock { files in
            guard let count = files[path]?.count else { return }
            let start = min(Int(clamping: offset), count)
            let end = start + min(Int(clamping: length), count - start)
            for index in start..<end { files[path]?[index] = 0 }
        }
    }

    /// The first place at which `bytes`, read at `offset`, differ from the file; nil if there is
    /// none.
    public func firstDifference(_ bytes: [UInt8], at offset: UInt64, of path: String) -> UInt64? {
        let content = files.withLock { $0[path] }
        guard let content else { return nil }
        for (index, byte) in bytes.enumerated() {
            let place = Int(clamping: offset) + index
            guard place < content.count, content[place] == byte else { return UInt64(place) }
        }
        return nil
    }

    /// Contents beyond this are not kept.
    private static let limit = 128 << 20
}
