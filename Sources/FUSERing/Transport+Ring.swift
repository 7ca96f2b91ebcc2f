public import FUSE
internal import LinuxKit
internal import SystemPackage

extension Transport {
    /// By io_uring, with a queue for each CPU (Linux 6.14, where root has switched it on).
    public static let ring = Transport(
        FurtherTransport(
            flag: .overRing,
            obstacle: {
                isRingOffered
                    ? nil
                    : (
                        "this kernel sends no requests by io_uring",
                        "It takes Linux 6.14, and root to say so: echo Y > \(ringSwitch)."
                    )
            },
            makeSource: { site throws(Errno) in try RequestQueues(site) }))

    /// Root lets FUSE use io_uring by this switch.
    static let ringSwitch: FilePath = "/sys/module/fuse/parameters/enable_uring"

    static var isRingOffered: Bool {
        (try? KernelFile.bytes(of: ringSwitch))?.first == UInt8(ascii: "Y")
    }
}

extension InitFlags {
    /// Requests come by io_uring; a service that agrees must have the rings ready.
    public static let overRing = InitFlags(rawValue: 1 << 41)
}

extension Session {
    /// Requests come by io_uring. Known when INIT was answered.
    public var usesRing: Bool { connection.negotiation?.flags.contains(.overRing) ?? false }
}
