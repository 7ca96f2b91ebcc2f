internal import CKernelABI

/// A property that a ring may have, with the kernel version that brought it.
public struct RingRequirement: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// A bit of `io_uring_params.features`.
        case feature(UInt32)
        /// A code of `io_uring_sqe.opcode`, found by the kernel's own probe.
        case operation(UInt8)
        /// A flag that `io_uring_setup` either takes or refuses.
        case setupFlag(UInt32)
    }

    let kind: Kind
    /// The kernel's name for it, e.g. `IORING_OP_READ_FIXED`.
    public let name: String
    /// First Linux version that has it, e.g. `"5.11"`.
    public let kernelVersion: String
    /// Whether no ring engine can work without it. The others only make it cheaper.
    public let isEssential: Bool

    private init(_ kind: Kind, _ name: String, _ kernelVersion: String, essential: Bool) {
        self.kind = kind
        self.name = name
        self.kernelVersion = kernelVersion
        isEssential = essential
    }

    private static func feature(
        _ bit: Int, _ name: String, _ version: String, essential: Bool
    ) -> RingRequirement {
        RingRequirement(.feature(UInt32(bit)), name, version, essential: essential)
    }

    private static func operation(
        _ code: Int, _ name: String, _ version: String, essential: Bool
    ) -> RingRequirement {
        RingRequirement(.operation(UInt8(code)), name, version, essential: essential)
    }

    private static func setupFlag(
        _ bit: Int, _ name: String, _ version: String
    ) -> RingRequirement {
        RingRequirement(.setupFlag(UInt32(bit)), name, version, essential: false)
    }

    /// Everything the engine uses, oldest first.
    public static let all: [RingRequirement] = [
        operation(BPIO_RING_OP_NOP, "IORING_OP_NOP", "5.1", essential: false),
        operation(
            BPIO_RING_OP_READ_FIXED, "IORING_OP_READ_FIXED", "5.1", essential: true),
        operation(
            BPIO_RING_OP_POLL_ADD, "IORING_OP_POLL_ADD", "5.1", essential: true),
        feature(
            BPIO_RING_FEAT_SINGLE_MMAP, "IORING_FEAT_SINGLE_MMAP", "5.4",
            essential: true),
        operation(
            BPIO_RING_OP_TIMEOUT, "IORING_OP_TIMEOUT", "5.4", essential: false),
        feature(
            BPIO_RING_FEAT_NODROP, "IORING_FEAT_NODROP", "5.5", essential: true),
        feature(
            BPIO_RING_FEAT_SUBMIT_STABLE, "IORING_FEAT_SUBMIT_STABLE", "5.5",
            essential: true),
        operation(
            BPIO_RING_OP_ASYNC_CANCEL, "IORING_OP_ASYNC_CANCEL", "5.5",
            essential: true),
        operation(BPIO_RING_OP_READ, "IORING_OP_READ", "5.6", essential: true),
        feature(
            BPIO_RING_FEAT_EXT_ARG, "IORING_FEAT_EXT_ARG", "5.11", essential: true),
        feature(
            BPIO_RING_FEAT_RSRC_TAGS, "IORING_FEAT_RSRC_TAGS", "5.13",
            essential: false),
        setupFlag(
            BPIO_RING_SETUP_SUBMIT_ALL, "IORING_SETUP_SUBMIT_ALL", "5.18"),
        setupFlag(
            BPIO_RING_SETUP_COOP_TASKRUN, "IORING_SETUP_COOP_TASKRUN", "5.19"),
        setupFlag(
            BPIO_RING_SETUP_TASKRUN_FLAG, "IORING_SETUP_TASKRUN_FLAG", "5.19"),
        setupFlag(
            BPIO_RING_SETUP_SINGLE_ISSUER, "IORING_SETUP_SINGLE_ISSUER", "6.0"),
        setupFlag(
            BPIO_RING_SETUP_DEFER_TASKRUN, "IORING_SETUP_DEFER_TASKRUN", "6.1"),
        setupFlag(
            BPIO_RING_SETUP_NO_SQARRAY, "IORING_SETUP_NO_SQARRAY", "6.6"),
    ]
}

extension RingRequirement: CustomStringConvertible {
    public var description: String { "\(name) (Linux \(kernelVersion))" }
}

/// The io_uring that this machine offers to this process, found by trying.
public struct RingProbe: Sendable {
    /// Why there is no ring at all; `nil` if one could be made.
    public let unavailable: RingUnavailable?
    /// The members of ``RingRequirement/all`` that the ring has.
    public let present: [RingRequirement]
    /// The members of ``RingRequirement/all`` that the ring lacks.
    public let missing: [RingRequirement]
    /// `io_uring_params.features` as the kernel filled it in; 0 without a ring.
    public let features: UInt32

    /// Whether the ring engine can work here.
    public var isUsable: Bool {
        unavailable == nil && !missing.contains(where: \.isEssential)
    }

    /// Makes a small ring, probes it, and closes it again. A handful of system calls.
    public static func run() -> RingProbe {
        run(calls: .kernel)
    }

    package static func run(calls: RingSystemCalls) -> RingProbe {
        do throws(RingUnavailable) {
            let ring = try Ring(RingConfiguration(submissionEntries: 2), calls: calls)
            return RingProbe(
                unavailable: nil, present: RingRequirement.all.filter { ring.has($0) },
                missing: RingRequirement.all.filter { !ring.has($0) }, features: ring.features)
        } catch {
            let missing: [RingRequirement] =
                if case .lacks(let found) = error { found } else { RingRequirement.all }
            return RingProbe(unavailable: error, present: [], missing: missing, features: 0)
        }
    }
}

/// The operations that a kernel's ring knows, one bit for each code.
struct RingOperations: Sendable {
    private var bits: [4 of UInt64] = [0, 0, 0, 0]

    /// Asks the ring (`IORING_REGISTER_PROBE`, Linux 5.6). A kernel without the probe has no
    /// operation of use.
    init(ring: CInt, calls: RingSystemCalls) {
        var table = bpio_probe()
        let outcome = unsafe calls.register(
            ring, UInt32(BPIO_RING_REGISTER_PROBE), &table, UInt32(BPIO_RING_PROBE_OPS))
        guard outcome >= 0 else { return }
        for code in UInt8.min...UInt8.max where unsafe bpio_probe_supports(&table, code) {
            bits[Int(code >> 6)] |= 1 << UInt64(code & 63)
        }
    }

    func contains(_ code: UInt8) -> Bool {
        bits[Int(code >> 6)] & (1 << UInt64(code & 63)) != 0
    }
}
