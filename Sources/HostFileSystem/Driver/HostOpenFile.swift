public import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// One open of a file of the host (`FsContext2`): owns the descriptor, or a share of it, and gives
/// it back exactly once, at `close()` or when nobody refers to it any more.
///
/// Usable from any thread. A call that is under way when `close()` comes keeps the descriptor
/// until it returns, so that no call ever meets a number that the process has used again.
public final class HostOpenFile: Sendable {
    public let id: FileID
    public let kind: FileTraits.Kind
    /// Opened with O_PATH: good for names and attributes, not for data.
    public var isPathOnly: Bool { flags.contains(.pathOnly) }

    private let flags: OpenFlags
    private let descriptor: FileDescriptor
    /// Where the descriptor belongs to; nil for one of this open alone.
    private let descriptions: SharedDescriptions?
    /// Of an open that shares the other: locks belong to a description.
    private let lockOwner = GuardedOnDemand<OwnDescription>()
    /// Bit 31: closed. The rest counts calls under way.
    ///
    /// Invariant: the descriptor is open while the bit is clear or the count is not zero, and
    /// whoever makes the bit set and the count zero closes it.
    private let word = Atomic<UInt32>(0)
    private static var closedBit: UInt32 { 1 << 31 }

    /// The last handle is gone: waits for locks end.
    let isCleanedUp = Atomic<Bool>(false)
    /// An advisory lock was taken through this file.
    let mayHoldLocks = Atomic<Bool>(false)
    /// Serialises readers of a directory, whose position belongs to the open file description.
    let directoryPosition = GuardedOnDemand<Void>()
    /// The traits, as long as the status that they were read with lasts.
    let knownTraits = GuardedOnDemand<KnownTraits>()

    /// Where the file's bytes lay when somebody looked, to see whether they were moved.
    let extentPlaces = GuardedOnDemand<ExtentPlaces>()

    /// - Parameters:
    ///   - flags: as the descriptor has them, but for those that only an open knows.
    ///   - descriptions: of which it may become one; then the descriptor may be closed right now.
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

    /// Where the data is read and written; nil for what has none.
    var storage: StorageHandle? {
        kind == .regular && !isPathOnly ? StorageHandle(rawValue: descriptor.rawValue) : nil
    }

    /// Lends the descriptor to one call; throws `EBADF` once the file is closed, else the call's
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

    /// As ``withDescriptor(_:)``, of a description that no other open has: for locks.
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

    /// Several may see the last count go, since late callers count themselves in and out again;
    /// the one who moves the word on is the one who closes.
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

/// A descriptor that goes when nobody uses it any more.
private final class OwnDescription: Sendable {
    private let owner: OwnedDescriptor
    var descriptor: FileDescriptor { owner.descriptor }

    init(_ owner: consuming OwnedDescriptor) { self.owner = owner }
}
