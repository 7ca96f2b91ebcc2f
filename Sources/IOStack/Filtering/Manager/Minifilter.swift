/// A registered filter (`PFLT_FILTER`): its registration and what follows from it.
public final class Minifilter: Sendable {
    public let registration: FilterRegistration

    public var name: String { registration.name }

    /// The filter's features: its own bits, and BYPASS_IO if it filters neither reads nor writes.
    public let features: FilterRegistration.Features

    /// The terms that it declared, or that follow from its callbacks.
    public let kernelReads: KernelReadTerms

    /// The filter lets BypassIO pass where it does not veto (spec 6.10).
    public var isOptedIn: Bool { features.contains(.bypassIO) }

    /// Held by every attach under way. An unload waits for them.
    let attaches = RundownGate()

    init(_ registration: FilterRegistration) {
        self.registration = registration
        features = registration.effectiveFeatures
        kernelReads = registration.effectiveKernelReads
    }
}
