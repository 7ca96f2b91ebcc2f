/// A cause that keeps a stream off the bypass route without a pause (spec 4.6 and 6.9).
public struct StreamSuspension: OptionSet, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Another handle does cached I/O.
    public static let cachedHandle = StreamSuspension(rawValue: 1 << 0)
    /// The file is mapped.
    public static let mapped = StreamSuspension(rawValue: 1 << 1)
    /// The data lies in the inode.
    public static let resident = StreamSuspension(rawValue: 1 << 2)
    /// The file became sparse.
    public static let sparse = StreamSuspension(rawValue: 1 << 3)
    /// The file is being moved on the storage.
    public static let moving = StreamSuspension(rawValue: 1 << 4)

    /// Each cause by itself.
    var single: [StreamSuspension] {
        [.cachedHandle, .mapped, .resident, .sparse, .moving].filter { contains($0) }
    }

    public var description: String {
        let names: [(StreamSuspension, String)] = [
            (.cachedHandle, "another handle does cached I/O"), (.mapped, "the file is mapped"),
            (.resident, "the data lies in the inode"), (.sparse, "the file is sparse"),
            (.moving, "the file is being moved"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

/// Which cached uses of a file keep its handles off the bypass route (spec 4.6). Under either
/// policy no bypassed read returns stale bytes.
public enum SuspensionPolicy: String, Sendable, CaseIterable {
    /// Windows' rule: every cached or mapped use, until its handle and mappings are gone.
    case strict
    /// Only a use that can hold data newer than the backing file, because it may write; until its
    /// handle and mappings are gone. A handle that only reads through a cache suspends nothing.
    case dirty
}
