public import LinuxKit
public import SystemPackage

/// Makes read engines.
public enum ReadEngines {
    /// The mechanism that reads.
    public enum Policy: Sendable {
        /// io_uring if available, otherwise `pread` on threads of the engine.
        case automatic
        /// io_uring or an error.
        case ring
        /// `pread` on threads of the engine.
        case threadPool
    }

    /// The most files that a ring engine registers by default.
    public static let defaultFileCapacity = 1024

    /// Makes an engine that belongs to the calling thread.
    ///
    /// - Parameters:
    ///   - depth: slots, 1 to 4096.
    ///   - slotSize: bytes of a slot, 1 to 1 GiB. Memory used is `depth` times that, rounded up to
    ///     pages; a ring engine pins it if `RLIMIT_MEMLOCK` allows.
    ///   - policy: the mechanism; ``Policy/automatic`` keeps the reason of a fallback in
    ///     ``ReadEngine/fallbackReason``.
    ///   - fileCapacity: the most files registered with the kernel, 0 to 32768. Further files are
    ///     read through their descriptors.
    /// - Throws: ``ReadEngineError``.
    public static func make(
        depth: Int, slotSize: Int, policy: Policy = .automatic,
        fileCapacity: Int = defaultFileCapacity
    ) throws(ReadEngineError) -> any ReadEngine {
        try make(
            depth: depth, slotSize: slotSize, policy: policy, fileCapacity: fileCapacity,
            calls: .kernel)
    }

    package static func make(
        depth: Int, slotSize: Int, policy: Policy, fileCapacity: Int, calls: RingSystemCalls
    ) throws(ReadEngineError) -> any ReadEngine {
        if policy == .threadPool {
            return try ThreadPoolReadEngine(depth: depth, slotSize: slotSize)
        }
        do throws(ReadEngineError) {
            return try RingReadEngine(
                depth: depth, slotSize: slotSize, fileCapacity: fileCapacity, calls: calls)
        } catch .ring(let reason) where policy == .automatic {
            return try ThreadPoolReadEngine(
                depth: depth, slotSize: slotSize, fallbackReason: reason.description)
        }
    }

    /// Maps the slab after checking the parameters.
    static func makeSlab(depth: Int, slotSize: Int) throws(ReadEngineError) -> BufferSlab {
        guard (1...4096).contains(depth) else { throw .depthOutOfRange(depth) }
        guard (1...(1 << 30)).contains(slotSize) else { throw .slotSizeOutOfRange(slotSize) }
        do {
            return try BufferSlab(slotCount: depth, slotSize: slotSize)
        } catch {
            throw .buffers(error)
        }
    }
}

/// Ends a wakeable wait of an engine, from any thread.
///
/// Stays usable, without effect, after the engine closed: it owns the object that it signals.
public struct ReadEngineWaker: Sendable {
    private let target: any WakeTarget

    init(_ target: any WakeTarget) {
        self.target = target
    }

    /// Makes a blocked ``ReadEngine/submit(waitingFor:timeout:wakeable:)`` return early, or the
    /// next wakeable one at once. All wakes before that one count as one.
    public func wake() {
        target.wake()
    }
}

/// The object that a waker signals: an event counter polled by a ring, or a thread pool's
/// condition.
protocol WakeTarget: AnyObject, Sendable {
    func wake()
}

extension EventCounter: WakeTarget {
    func wake() { raise() }
}

/// Why a read engine could not be made.
public enum ReadEngineError: Error, Equatable, Sendable {
    /// `depth` is not in 1…4096.
    case depthOutOfRange(Int)
    /// `slotSize` is not in 1…1 GiB, or all slots together exceed the address space.
    case slotSizeOutOfRange(Int)
    /// `fileCapacity` is not in 0…32768.
    case fileCapacityOutOfRange(Int)
    /// The kernel gave no memory for the buffers.
    case buffers(Errno)
    /// The kernel gave no threads for `pread`.
    case threads(Errno)
    /// io_uring was demanded and is not available.
    case ring(RingUnavailable)
}

extension ReadEngineError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .depthOutOfRange(let depth):
            "a read engine takes 1 to 4096 reads in flight, not \(depth)"
        case .slotSizeOutOfRange(let size):
            "a slot holds 1 byte to 1 GiB, not \(size) bytes, and all slots must fit in memory"
        case .fileCapacityOutOfRange(let capacity):
            "a read engine registers 0 to 32768 files, not \(capacity)"
        case .buffers(let errno):
            "no memory for the read buffers: \(errno)"
        case .threads(let errno):
            "no threads for pread: \(errno)"
        case .ring(let reason):
            reason.description
        }
    }
}
