internal import CKernelABI

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
