internal import LinuxKit
internal import SystemPackage

/// A request to the kernel that idle CPUs wake up quickly (PM QoS,
/// Documentation/power/pm_qos_interface.rst): /dev/cpu_dma_latency, root's.
///
/// A request of a mount and its answer wake up a thread each. A CPU that was sent to sleep takes
/// tens of microseconds for that, in a virtual machine above all, and far less if it was not. The
/// kernel forgets the request with the descriptor, so with the process.
struct CPULatencyRequest: ~Copyable, Sendable {
    private let file: OwnedDescriptor
    private let limit: Int32

    /// PM_QOS_CPU_LATENCY_DEFAULT_VALUE: nothing is asked. Microseconds.
    private static let anything: Int32 = 2_000_000_000
    /// How long a CPU may take to wake up, in microseconds. The limit keeps CPUs out of the deep
    /// states.
    private static let quick: Int32 = 10

    /// nil where this process may not make it, and where the kernel does not choose how deep a CPU
    /// sleeps.
    init?(
        device: FilePath = "/dev/cpu_dma_latency",
        driver: FilePath = "/sys/devices/system/cpu/cpuidle/current_driver"
    ) {
        guard let name = KernelFile.text(driver.string),
            let driver = name.split(separator: "\n").first, driver != "none",
            let file = try? FileDescriptor.open(device, .writeOnly, options: .closeOnExec)
        else { return nil }
        self.file = OwnedDescriptor(owning: file)
        // That one calls a halt, whatever the hypervisor makes of it, one microsecond.
        limit = driver == "haltpoll" ? 0 : Self.quick
        release()
    }

    func hold() { write(limit) }
    func release() { write(Self.anything) }

    private func write(_ value: Int32) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32(8 * $0)) }
        _ = try? file.descriptor.writeAll(bytes)
    }
}
