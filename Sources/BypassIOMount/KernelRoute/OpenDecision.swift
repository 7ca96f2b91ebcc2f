/// What became of an open: how the kernel has the file, and why it does not read it itself. An
/// object, because most mounts have none: a handle keeps a pointer.
final class OpenDecision: Sendable {
    let way: OpenWay
    /// Set where the kernel reads the file itself.
    let opener: KernelOpener?
    let refusal: KernelRouteRefusal?
    /// The kernel reads it, and had to ask from the beginning.
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
