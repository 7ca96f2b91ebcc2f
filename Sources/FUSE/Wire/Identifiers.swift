// Numbers of the kernel's protocol. Each kind has a type of its own, so that no number can stand
// for another kind. The type costs nothing at run time.

/// A file's number. The service chooses it, and gives it to no other file as long as the kernel
/// knows this file.
@frozen
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The directory that the mount shows.
    @inlinable
    public static var root: NodeID { NodeID(1) }

    public var description: String { String(rawValue) }
}

/// The number of an open file or directory. The service chooses it in the answer to an open; the
/// kernel sends it along until it releases the open file.
@frozen
public struct HandleID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}

/// The kernel's number of a request, until that is answered.
@frozen
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}

/// The kernel's number for the holder of locks: a process' table of open files, or the open file
/// for `flock`.
@frozen
public struct LockOwner: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}
