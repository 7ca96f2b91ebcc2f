package import LinuxKit

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
