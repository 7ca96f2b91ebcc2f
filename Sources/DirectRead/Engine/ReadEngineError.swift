public import LinuxKit
public import SystemPackage

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
