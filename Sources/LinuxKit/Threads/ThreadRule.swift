internal import CKernelABI

/// The thread that an object belongs to.
package struct ThreadRule: Sendable {
    @usableFromInline
    let owner: Int32

    @inlinable
    package init() { owner = bpio_thread_id() }

    /// Stops a debug build if another thread calls.
    @inlinable
    @inline(__always)
    package func check() {
        assert(isOwner, "a read engine is used on the thread that made it")
    }

    @inlinable
    package var isOwner: Bool { owner == bpio_thread_id() }
}
