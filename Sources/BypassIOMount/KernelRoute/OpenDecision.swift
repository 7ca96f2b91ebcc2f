/// What became of an open: how the kernel has the file, and why it does not read it itself. An object,
/// because most mounts have none: a handle keeps a pointer.
final class OpenDecision: Sendable {
    let way: OpenWay
    /// Set where the kernel reads the file itself.
    let opener: KernelOpener?
    let refusal: KernelRouteRefusal?

    init(way: OpenWay, opener: KernelOpener?, refusal: KernelRouteRefusal?) {
        self.way = way
        self.opener = opener
        self.refusal = refusal
    }
}
