/// The outcome of an open: how the kernel has the file open, and why it does not read it itself. A
/// class, because most mounts have no decisions: then a handle keeps only a nil pointer.
final class OpenDecision: Sendable {
    let way: OpenWay
    /// Set where the kernel reads the file itself.
    let opener: KernelOpener?
    let refusal: KernelRouteRefusal?
    /// The kernel reads it, and had to ask before reads from the start.
    let wasGated: Bool

    init(
        way: OpenWay, opener: KernelOpener?, refusal: KernelRouteRefusal?, wasGated: Bool = false
    ) {
        self.wasGated = wasGated
        self.way = way
        self.opener = opener
        self.refusal = refusal
    }
}
