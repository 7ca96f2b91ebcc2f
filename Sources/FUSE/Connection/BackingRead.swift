public import SystemPackage

/// A READ that the session carries by itself: its bytes lie in a file of the host.
/// ``FileSystem/beginRead(_:)`` makes it.
public struct BackingRead: Sendable {
    /// In bytes. A larger read takes longer to copy than to wait for, so it gets a thread of its
    /// own.
    package static let largestShared = 32 << 10

    /// Open until ``BackingReadOwner/endRead(_:began:)``.
    public let descriptor: FileDescriptor
    /// In bytes; no rule is checked, pread(2)'s errors become the request's.
    public let offset: UInt64
    /// Of the answer at most; fewer bytes are the file's end.
    public let length: Int
    public let owner: any BackingReadOwner
    /// For its owner, which gets it back at the end.
    public let began: UInt64

    public init(
        descriptor: FileDescriptor, offset: UInt64, length: Int, owner: any BackingReadOwner,
        began: UInt64 = 0
    ) {
        self.began = began
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
        self.owner = owner
    }
}

/// Whose file is read.
public protocol BackingReadOwner: AnyObject, Sendable {
    /// The bytes are there or the read failed; called once for each read that was begun, on the
    /// thread that began it, before the answer is sent. Must neither wait nor send anything through
    /// the mount.
    ///
    /// - Parameters:
    ///   - count: bytes that were read; 0 where another thread reads them after all.
    ///   - began: ``BackingRead/began``.
    func endRead(_ count: Int, began: UInt64)
}
