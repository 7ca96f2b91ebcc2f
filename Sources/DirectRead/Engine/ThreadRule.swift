import CKernelABI

/// The thread an engine belongs to.
struct ThreadRule: Sendable {
    private let owner = bpio_thread_id()

    /// Stops a debug build when another thread calls.
    @inline(__always)
    func check() {
        assert(isOwner, "a read engine is used on the thread that made it")
    }

    var isOwner: Bool { owner == bpio_thread_id() }
}
