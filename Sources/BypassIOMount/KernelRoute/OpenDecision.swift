/// What became of an open: how the kernel has the file, and why it does not read it itself.
struct OpenDecision: Sendable {
    let way: OpenWay
    /// Set where the kernel reads the file itself.
    let opener: KernelOpener?
    let refusal: KernelRouteRefusal?
}
