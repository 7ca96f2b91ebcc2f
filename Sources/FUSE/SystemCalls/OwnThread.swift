internal import CKernelABI
internal import Glibc
package import SystemPackage

/// A thread of our own: it may sleep in the kernel for as long as it likes.
package struct OwnThread: @unchecked Sendable {
    /// In bytes. Services carry requests on it; pages that are not touched take no memory.
    private static let stackSize = 1 << 20

    private let thread: pthread_t

    /// Starts `body`; throws `EAGAIN` where no thread is to be had.
    package static func start(
        named name: String, _ body: @escaping @Sendable () -> Void
    ) throws(Errno) -> OwnThread {
        let work = unsafe Unmanaged.passRetained(Work(name, body))
        var thread = pthread_t()
        let code = unsafe bpio_thread_start(
            &thread, stackSize,
            { context in
                guard let context = unsafe context else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                unsafe bpio_thread_name(work.name)
                bpio_thread_accept_interrupts()
                work.body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw Errno(rawValue: abs(code))
        }
        return OwnThread(thread: thread)
    }

    /// Ends a system call the thread waits in with EINTR.
    func interrupt() {
        _ = bpio_thread_interrupt(thread)
    }

    /// Waits for the thread's end; once.
    package func join() {
        _ = pthread_join(thread, nil)
    }

    /// Nobody will join it.
    package func detach() {
        _ = pthread_detach(thread)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
