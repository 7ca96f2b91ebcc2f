public import BypassIOProtocol
public import DirectRead
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// The disk below a directory of the host as the storage driver at the bottom of the stack.
///
/// Bytes move by `pread`, `pwrite` and io_uring on the descriptors that ``HostFileSystem`` opened;
/// a `StorageHandle` is the number of such a descriptor. Any thread. An engine belongs to the
/// thread that made it.
public final class HostDisk: StorageDriver {
    /// The kernel driver that offers the blocks, e.g. `nvme`, `virtio_blk`.
    public let name: String
    /// The text after `Storage Type:`, e.g. `NVMe`.
    public let storageType: String
    public let supportsBypassIO: Bool
    /// The veto of a disk that did not opt in.
    public let standingVeto: StorageVeto

    private let chosenPolicy: Guarded<ReadEngines.Policy>

    /// A disk with properties given by hand.
    public init(
        name: String, storageType: String, supportsBypassIO: Bool,
        standingVeto: StorageVeto = .notOptedIn, policy: ReadEngines.Policy = .automatic
    ) {
        self.name = name
        self.storageType = storageType
        self.supportsBypassIO = supportsBypassIO
        self.standingVeto = standingVeto
        chosenPolicy = Guarded(policy)
    }

    /// The disk that discovery found. It opts in unless its blocks come from memory, another
    /// machine, a program or other file systems.
    public convenience init(_ topology: StorageTopology, policy: ReadEngines.Policy = .automatic) {
        let veto = topology.storageVerdicts.first(where: \.isVeto)
        self.init(
            name: topology.storageDriverName, storageType: topology.storageType,
            supportsBypassIO: topology.hasCompatibleStorageDriver,
            standingVeto: veto.map { StorageVeto($0.status, reason: $0.reason) } ?? .notOptedIn,
            policy: policy)
    }

    /// The mechanism of engines made from now on.
    public var policy: ReadEngines.Policy {
        get { chosenPolicy.withLock { $0 } }
        set { chosenPolicy.withLock { $0 = newValue } }
    }

    /// A disk that opted in never vetoes.
    public func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { nil }

    /// A buffer that starts on a page boundary. Throws `ENOMEM` and the like.
    public func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        try HostBuffer(capacity: capacity)
    }

    /// `pread(2)`. Allocates nothing and counts no reference.
    public func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        let descriptor = FileDescriptor(rawValue: extent.handle.rawValue)
        // Throws nothing: the outcome is a number.
        let outcome = buffer.withMutableBytes(extent.length) { bytes in
            SynchronousTransfer.read(descriptor, into: &bytes, at: extent.offset)
        }
        guard outcome >= 0 else {
            throw IOFailure(errno: Errno(rawValue: Int32(truncatingIfNeeded: -outcome)))
        }
        return outcome
    }

    /// `pwrite(2)`; may write fewer bytes than asked, as the kernel may.
    public func write(
        _ extent: StorageExtent, from buffer: any IOBuffer
    ) throws(IOFailure) -> Int {
        let descriptor = FileDescriptor(rawValue: extent.handle.rawValue)
        let outcome = buffer.withBytes(extent.length) { bytes in
            SynchronousTransfer.write(descriptor, from: bytes, at: extent.offset)
        }
        guard outcome >= 0 else {
            throw IOFailure(errno: Errno(rawValue: Int32(truncatingIfNeeded: -outcome)))
        }
        return outcome
    }

    /// The handle is the descriptor.
    public func hostDescriptor(of handle: StorageHandle) -> Int32? { handle.rawValue }

    /// An io_uring or a pool of threads that call `pread`, by ``policy``. The engine's summary says
    /// which and why. Throws `NTStatus.invalidParameter` for a depth outside 1…4096 or a slot size
    /// outside 1 byte…1 GiB, and the kernel's error for the memory, the threads or the ring.
    public func makeReadEngine(
        depth: Int, slotSize: Int
    ) throws(IOFailure) -> any StorageReadEngine {
        do throws(ReadEngineError) {
            switch policy {
            case .ring:
                return HostReadEngine(try RingReadEngine(depth: depth, slotSize: slotSize))
            case .threadPool:
                return HostReadEngine(try ThreadPoolReadEngine(depth: depth, slotSize: slotSize))
            case .automatic:
                return try automaticEngine(depth: depth, slotSize: slotSize)
            }
        } catch {
            throw IOFailure(error)
        }
    }

    private func automaticEngine(
        depth: Int, slotSize: Int
    ) throws(ReadEngineError) -> any StorageReadEngine {
        let reason: RingUnavailable
        do throws(ReadEngineError) {
            return HostReadEngine(try RingReadEngine(depth: depth, slotSize: slotSize))
        } catch {
            guard case .ring(let refusal) = error else { throw error }
            reason = refusal
        }
        return HostReadEngine(
            try ThreadPoolReadEngine(
                depth: depth, slotSize: slotSize, fallbackReason: reason.description))
    }
}

extension IOFailure {
    /// Why no engine could be made.
    init(_ error: ReadEngineError) {
        switch error {
        case .depthOutOfRange, .slotSizeOutOfRange, .fileCapacityOutOfRange:
            self.init(.invalidParameter)
        case .buffers(let errno), .threads(let errno):
            self.init(errno: errno)
        case .ring:
            self.init(.notSupported)
        }
    }
}
