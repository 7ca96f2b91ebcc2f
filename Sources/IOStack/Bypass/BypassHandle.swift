import Synchronization

/// The bypass state of one open: the part of a `FILE_OBJECT` that FSCTL_MANAGE_BYPASS_IO is about.
///
/// Any thread. A volume's ``BypassVolume`` changes it; each member states its lock.
struct BypassHandle: ~Copyable, Sendable {
    /// Bit 0: bypass is enabled. Bit 1: the last handle is gone. Bit 2: the cleanup is over, too.
    /// The rest counts DISABLEs.
    ///
    /// Bits 0 and 1 change under the volume's `state` lock; every read loads them with acquire
    /// ordering. Bit 2 is set once, without a lock. A read looks again after it has entered the
    /// gates. So a DISABLE that clears bit 0 and then drains the stream's gate has waited for the
    /// last bypassed read.
    private let word = GateWord()
    /// The cached uses that the stream counts for this handle. A use is set under the stream's
    /// `control` lock and never cleared. A relaxed look without the lock only spares the lock.
    private let cachedUses = Atomic<UInt8>(0)

    /// When bypass was enabled and disabled last.
    let times = SpellTimes()

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

    /// Bypass is enabled, and the handle is not closed.
    @inline(__always)
    var mayBypass: Bool { word.look(at: Self.bothBits) == Self.enabledBit }

    /// DISABLEs so far, even those that found no bypass. Changes under the volume's `state` lock.
    var disables: UInt64 { word.look(at: Self.disablesMask) }

    /// Called once, by the sender of the cleanup.
    func setCleanedUp() { word.set(Self.cleanedUpBit) }

    /// Under the volume's `state` lock.
    func setEnabled(_ enabled: Bool) {
        if enabled {
            times.begin()
            word.set(Self.enabledBit)
        } else {
            word.clear(Self.enabledBit)
            times.finish()
        }
    }

    /// Under the volume's `state` lock.
    func countDisable() {
        _ = word.countIn(Self.oneDisable, counts: Self.disablesMask, seeing: 0)
    }

    /// Under the volume's `state` lock. False if the handle was closed already.
    func setClosed() -> Bool { word.set(Self.closedBit, seeing: Self.closedBit) == 0 }

    // MARK: Cached use

    /// Under the stream's `control` lock. False if the use was counted before.
    func setCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.bitwiseOr(use.rawValue, ordering: .relaxed).oldValue & use.rawValue == 0
    }

    @inline(__always)
    func isCounted(_ use: StreamSuspension) -> Bool {
        cachedUses.load(ordering: .relaxed) & use.rawValue != 0
    }

    /// The cached uses that the stream counts for this handle; read once nothing uses the handle
    /// any more.
    var countedUses: StreamSuspension {
        StreamSuspension(rawValue: cachedUses.load(ordering: .acquiring))
    }
}

/// The owner of a ``BypassHandle``: a file object.
protocol BypassHolder: AnyObject, Sendable {
    var isBypassEnabled: Bool { get }
}

/// A file object in the volume's list of those with bypass. The entry does not keep it alive.
struct WeakHolder: Sendable {
    private(set) weak var holder: (any BypassHolder)?

    init(_ holder: any BypassHolder) { self.holder = holder }
}
