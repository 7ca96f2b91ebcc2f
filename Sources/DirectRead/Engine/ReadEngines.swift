package import LinuxKit

/// Makes read engines.
public enum ReadEngines {
    /// Which mechanism reads.
    public enum Policy: Sendable {
        /// io_uring where it can be had, else `pread` on own threads.
        case automatic
        /// io_uring or an error.
        case ring
        /// `pread` on own threads.
        case threadPool
    }

    /// Files a ring engine registers at most unless told otherwise.
    public static let defaultFileCapacity = 1024

    /// Makes an engine that belongs to the calling thread.
    ///
    /// - Parameters:
    ///   - depth: slots, 1 to 4096.
    ///   - slotSize: bytes a slot holds, 1 to 1 GiB. Memory used is `depth` times that, rounded up
    ///     to pages; a ring engine pins it where `RLIMIT_MEMLOCK` allows.
    ///   - policy: which mechanism; ``Policy/automatic`` keeps the reason of a fallback in
    ///     ``ReadEngine/fallbackReason``.
    ///   - fileCapacity: files registered with the kernel at most, 0 to 32768. Further files are
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

    /// Maps the slab after checking what was asked for.
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
