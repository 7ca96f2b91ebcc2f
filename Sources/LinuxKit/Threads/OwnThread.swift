internal import CKernelABI
internal import Glibc
package import SystemPackage

/// A dedicated thread, which may sleep in the kernel without a limit. Signals go to the program's
/// other threads.
package struct OwnThread: @unchecked Sendable {
    /// In bytes. Services carry requests on it. Untouched pages take no memory.
    package static let stackSize = 1 << 20

    private let thread: pthread_t

    /// Starts `body`.
    ///
    /// - Parameters:
    ///   - name: as the kernel shows it; it keeps 15 bytes.
    ///   - stackSize: bytes.
    ///   - isInterruptible: whether ``interrupt()`` reaches it.
    ///   - isPrompt: whether it runs before usual threads (``PromptThread``).
    /// - Throws: `EAGAIN` if the system has no thread left.
    package static func start(
        named name: String, stackSize: Int = stackSize, isInterruptible: Bool = true,
        isPrompt: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(Errno) -> OwnThread {
        let work = unsafe Unmanaged.passRetained(Work(name, isInterruptible, isPrompt, body))
        var thread = pthread_t()
        // A new thread inherits its maker's mask. So no signal finds it before it has set its own.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = unsafe bpio_thread_start(
            &thread, stackSize,
            { context in
                guard let context = unsafe context else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                unsafe bpio_thread_name(work.name)
                if work.isInterruptible { bpio_thread_accept_interrupts() }
                if work.isPrompt { PromptThread.become() }
                work.body()
                return nil
            }, work.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe work.release()
            throw Errno(rawValue: abs(code))
        }
        return OwnThread(thread: thread)
    }

    /// Ends with EINTR a system call that the thread waits in.
    package func interrupt() {
        _ = bpio_thread_interrupt(thread)
    }

    /// Waits for the thread's end. Call once.
    package func join() {
        _ = pthread_join(thread, nil)
    }

    /// Declares that no thread will join it.
    package func detach() {
        _ = pthread_detach(thread)
    }

    private final class Work: Sendable {
        let name: String
        let isInterruptible: Bool
        let isPrompt: Bool
        let body: @Sendable () -> Void

        init(
            _ name: String, _ isInterruptible: Bool, _ isPrompt: Bool,
            _ body: @escaping @Sendable () -> Void
        ) {
            self.name = name
            self.isInterruptible = isInterruptible
            self.isPrompt = isPrompt
            self.body = body
        }
    }
}

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
