/// A registered filter (`PFLT_FILTER`): its registration and what follows from it.
public final class Minifilter: Sendable {
    public let registration: FilterRegistration

    public var name: String { registration.name }

    /// What the filter can: its own bits, and BYPASS_IO if it filters neither reads nor writes.
    public let features: FilterRegistration.Features

    /// What it declared, or what follows from what it filters.
    public let kernelReads: KernelReadTerms

    /// True when the filter lets BypassIO past what it does not veto (spec 6.10).
    public var isOptedIn: Bool { features.contains(.bypassIO) }

    /// Held by every attach under way: an unload waits for them.
    let attaches = RundownGate()

    init(_ registration: FilterRegistration) {
        self.registration = registration
        features = registration.effectiveFeatures
        kernelReads = registration.effectiveKernelReads
    }
}
