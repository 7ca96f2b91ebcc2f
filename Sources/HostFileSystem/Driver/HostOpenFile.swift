public import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// One open of a file of the host (`FsContext2`). It owns the descriptor, or a share of it, and
/// gives it back exactly once: at `close()`, or when nothing refers to it any more.
///
/// Usable from any thread. A call that is under way at the `close()` keeps the descriptor until it
/// returns. So no call ever meets a number that the process has reused.
public final class HostOpenFile: Sendable {
    public let id: FileID
    public let kind: FileTraits.Kind
    /// Opened with O_PATH: good for names and attributes, not for data.
    public var isPathOnly: Bool { flags.contains(.pathOnly) }

    private let flags: OpenFlags
    private let descriptor: FileDescriptor
    /// The table that the descriptor belongs to; nil for a descriptor of this open alone.
    private let descriptions: SharedDescriptions?
    /// An open that shares its descriptor needs another for locks, because locks belong to a
    /// description.
    private let lockOwner = GuardedOnDemand<OwnDescription>()
    /// Bit 31: closed. Bit 30: the descriptor was given back. The rest counts calls under way.
    ///
    /// Invariant: the descriptor is open while bit 31 is clear or the count is not zero. The thread
    /// that makes bit 31 set with a count of zero gives it back.
    private let word = Atomic<UInt32>(0)
    private static var closedBit: UInt32 { 1 << 31 }

    /// The last handle is gone: waits for locks end.
    let isCleanedUp = Atomic<Bool>(false)
    /// An advisory lock was taken through this file.
    let mayHoldLocks = Atomic<Bool>(false)
    /// Serialises readers of a directory, whose position belongs to the open file description.
    let directoryPosition = GuardedOnDemand<Void>()
    /// The traits, with the status under which they hold.
    let knownTraits = GuardedOnDemand<KnownTraits>()

    /// Where the file's bytes lay at the last check, to see whether they were moved.
    let extentPlaces = GuardedOnDemand<ExtentPlaces>()

    /// - Parameters:
    ///   - flags: the descriptor's flags, without those that only an open knows.
    ///   - descriptions: the table that it may join; then the descriptor may be closed right now.
    init(
        _ owner: consuming OwnedDescriptor, id: FileID, kind: FileTraits.Kind, _ flags: OpenFlags,
        sharing descriptions: SharedDescriptions? = nil
    ) {
        self.id = id
        self.kind = kind
        self.flags = flags
        if let descriptions {
            let isShared: Bool
            (descriptor, isShared) = descriptions.join(id, flags, with: owner)
            self.descriptions = isShared ? descriptions : nil
        } else {
            descriptor = owner.release()
            self.descriptions = nil
        }
    }

    /// Goes on with an open of another process, by a descriptor that this process inherited.
    init(
        _ handed: HandedOpen, id: FileID, kind: FileTraits.Kind,
        sharing descriptions: SharedDescriptions?
    ) {
        self.id = id
        self.kind = kind
        flags = OpenFlags(rawValue: handed.flags)
        descriptor = FileDescriptor(rawValue: handed.descriptor)
        let isShared = descriptions?.rejoin(id, flags, with: descriptor) ?? false
        self.descriptions = isShared ? descriptions : nil
    }

    /// For another process; nil once it is closed.
    var handed: HandedOpen? {
        guard word.load(ordering: .acquiring) & Self.closedBit == 0 else { return nil }
        return HandedOpen(
            descriptor: descriptor.rawValue, flags: flags.rawValue, isShared: descriptions != nil)
    }

    /// Where the data is read and written; nil for a file without data.
    var storage: StorageHandle? {
        kind == .regular && !isPathOnly ? StorageHandle(rawValue: descriptor.rawValue) : nil
    }

    /// Lends the descriptor to a call. Throws `EBADF` once the file is closed, otherwise the call's
    /// own errno.
    func withDescriptor<R>(
        _ body: (FileDescriptor) throws(Errno) -> R
    ) throws(IOFailure) -> R {
        do throws(Errno) {
            guard enter() else { throw .badFileDescriptor }
            defer { leave() }
            return try body(descriptor)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    /// As ``withDescriptor(_:)``, but with a description that no other open has: for locks.
    func withOwnDescription<R>(
        _ body: (FileDescriptor) throws(Errno) -> R
    ) throws(IOFailure) -> R {
        try withDescriptor { (shared) throws(Errno) in
            guard descriptions != nil else { return try body(shared) }
            let owner = try lockOwner.withLock { (owner) throws(Errno) -> OwnDescription in
                if let owner { return owner }
                let made = OwnDescription(try SystemCall.reopen(shared, flags))
                owner = made
                return made
            }
            defer { withExtendedLifetime(owner) {} }
            return try body(owner.descriptor)
        }
    }

    private func enter() -> Bool {
        let old = word.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        if old & Self.closedBit == 0 { return true }
        leave()
        return false
    }

    private func leave() {
        let now = word.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        if now == Self.closedBit { claimAndClose() }
    }

    /// Gives the descriptor back, at once or when the calls under way have returned. A second call
    /// does nothing.
    func close() {
        let now = word.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing).newValue
        if now == Self.closedBit { claimAndClose() }
    }

    /// Several threads may see the last count go, since late callers count themselves in and out
    /// again. The thread whose exchange succeeds gives the descriptor back.
    private func claimAndClose() {
        let claimed = word.compareExchange(
            expected: Self.closedBit, desired: Self.closedBit | Self.claimedBit,
            ordering: .acquiringAndReleasing
        ).exchanged
        guard claimed else { return }
        _ = lockOwner.take()
        if let descriptions {
            descriptions.leave(id, flags)
        } else {
            _ = OwnedDescriptor(owning: descriptor)
        }
    }

    private static var claimedBit: UInt32 { 1 << 30 }

    deinit { close() }
}

/// A descriptor that is closed when nothing uses it any more.
private final class OwnDescription: Sendable {
    private let owner: OwnedDescriptor
    var descriptor: FileDescriptor { owner.descriptor }

    init(_ owner: consuming OwnedDescriptor) { self.owner = owner }
}
