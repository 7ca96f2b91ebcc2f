import Synchronization

/// One open of a file, as bypass knows it: the part of a `FILE_OBJECT` that FSCTL_MANAGE_BYPASS_IO
/// is about.
///
/// Any thread. What may change when, says each member; a volume's ``BypassVolume`` changes it.
struct BypassHandle: ~Copyable, Sendable {
    /// Bit 0: bypass is enabled. Bit 1: the last handle is gone. Bit 2: the cleanup is over, too.
    /// The rest counts DISABLEs.
    ///
    /// The first two are written under the volume's `state` lock; read by every read with acquire
    /// ordering. Bit 2 is set once, without a lock. A read looks again after it entered the gates,
    /// so a DISABLE that cleared the bit and then drained the stream's gate has seen the last
    /// bypassed read.
    private let word = GateWord()
    /// A ``StreamSuspension``: as what the stream counts it. Set under the stream's `control` lock,
    /// never cleared; a look without it, relaxed, only spares the lock.
    private let cachedUses = Atomic<UInt8>(0)

    private static var enabledBit: UInt64 { 1 }
    private static var closedBit: UInt64 { 2 }
    private static var bothBits: UInt64 { 3 }
    private static var cleanedUpBit: UInt64 { 4 }
    private static var oneDisable: UInt64 { 8 }
    private static var disablesMask: UInt64 { ~(bothBits | cleanedUpBit) }

    /// Bypass is enabled; reads may still take the traditional route.
    var isEnabled: Bool { word.look(at: Self.enabledBit) != 0 }

    /// The last handle is gone.
    var isClosed: Bool { word.look(at: Self.closedBit) != 0 }

    var isCleanedUp: Bool { word.look(at: Self.cleanedUpBit) != 0 }

    /// Enabled, and not closed.
    @inline(__always)
    var mayBypass: Bool { word.look(at: Self.bothBits) == Self.enabledBit }

    /// DISABLEs so far, those too that found no bypass. Changes under the volume's `state` lock.
    var disables: UInt64 { word.look(at: Self.disablesMask) }

    /// Once, by who sent the cleanup.
    func setCleanedUp() { word.set(Self.cleanedUpBit) }

    /// Under the volume's `state` lock.
    func setEnabled(_ enabled: Bool) {
        if enabled { word.set(Self.enabledBit) } else { word.clear(Self.enabledBit) }
    }

    /// Under the volume's `state` lock.
    func countDisable() {
        _ = word.countIn(Self.oneDisable, counts: Self.disablesMask, seeing: 0)
    }

    /// Under the volume's `state` lock. False if it was closed already.
    func setClosed() -> Bool { word.set(Self.closedBit, seeing: Self.closedBit) == 0 }

    // MARK: Cached use

    /// Under the stream's `control` lock. False if it was counted before.
    func setCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.bitwiseOr(use.rawValue, ordering: .relaxed).oldValue & use.rawValue == 0
    }

    @inline(__always)
    func isCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.load(ordering: .relaxed) & use.rawValue != 0
    }

    /// As what the stream counts it, once nobody uses the handle any more.
    var countedUses: StreamSuspension {
        StreamSuspension(rawValue: cachedUses.load(ordering: .acquiring))
    }
}

/// What a ``BypassHandle`` is part of: a file object.
protocol BypassHolder: AnyObject, Sendable {
    var isBypassEnabled: Bool { get }
}

/// A file object in the volume's list of those with bypass; gone with it.
struct WeakHolder: Sendable {
    private(set) weak var holder: (any BypassHolder)?

    init(_ holder: any BypassHolder) { self.holder = holder }
}
