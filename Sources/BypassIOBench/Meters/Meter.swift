import LinuxKit

/// Measures the resources used between its creation and ``use()``, by this process, a service, and
/// the machine.
struct Meter: ~Copyable {
    private let service: Int32?
    private let calls: SystemCallCounter?
    private let callsBefore: UInt64
    private let serviceBefore: ProcessUse?
    private let ownBefore: ProcessUse
    private let systemBefore: SystemTimes?
    private let start: UInt64

    /// `service` is the process that serves the reads, nil for none.
    init(service: Int32?) {
        self.service = service
        calls = SystemCallCounter(process: service ?? 0)
        serviceBefore = service.flatMap(ProcessUse.of)
        systemBefore = SystemTimes()
        ownBefore = .own()
        callsBefore = calls?.count ?? 0
        start = KernelClock.monotonic
    }

    func use() -> Use {
        let end = KernelClock.monotonic
        let callsAfter = calls?.count
        let own = ProcessUse.own()
        var use = Use()
        use.wall = Double(end - start) / 1e9
        use.clientCPU = own.cpu - ownBefore.cpu
        use.contextSwitches = own.contextSwitches - ownBefore.contextSwitches
        if let after = SystemTimes(), let before = systemBefore {
            use.systemCPU = max(0, after.busy - before.busy)
        }
        if let service, let before = serviceBefore, let after = ProcessUse.of(service) {
            use.serviceCPU = after.cpu - before.cpu
            // Threads that ended took their counts along.
            let switches =
                after.contextSwitches - min(after.contextSwitches, before.contextSwitches)
            use.contextSwitches = (use.contextSwitches ?? 0) + switches
        }
        use.systemCalls = callsAfter.map { $0 - callsBefore }
        return use
    }
}
