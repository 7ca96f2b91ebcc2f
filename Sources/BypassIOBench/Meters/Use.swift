/// The resources that a pass used.
package struct Use: Sendable {
    /// In seconds.
    package var wall = 0.0
    /// Seconds that the CPUs of the whole machine were busy; nil if that would include more than
    /// the pass (fio's start).
    package var systemCPU: Double?
    /// Seconds of the reading process.
    package var clientCPU = 0.0
    /// Seconds of the serving process; nil if there is none.
    package var serviceCPU: Double?
    /// Of both processes.
    package var contextSwitches: UInt64?
    /// Of both processes; nil if the kernel does not allow counting.
    package var systemCalls: UInt64?

    package init() {}
}
