/// What a pass used of the machine.
package struct Use: Sendable {
    /// Seconds.
    package var wall = 0.0
    /// Seconds that the CPUs of the whole machine were busy; nil where that would count what is not
    /// the pass' own (fio's start).
    package var systemCPU: Double?
    /// Seconds of the process that reads.
    package var clientCPU = 0.0
    /// Seconds of the process that serves; nil where none does.
    package var serviceCPU: Double?
    /// Of both.
    package var contextSwitches: UInt64?
    /// Of both; nil where the kernel does not let them be counted.
    package var systemCalls: UInt64?

    package init() {}
}
