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
    /// - Throws: `EAGAIN` if the system has no thread left.
    package static func start(
        named name: String, stackSize: Int = stackSize, isInterruptible: Bool = true,
        _ body: @escaping @Sendable () -> Void
    ) throws(Errno) -> OwnThread {
        let work = unsafe Unmanaged.passRetained(Work(name, isInterruptible, body))
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
        let body: @Sendable () -> Void

        init(_ name: String, _ isInterruptible: Bool, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.isInterruptible = isInterruptible
            self.body = body
        }
    }
}

/// Threads whose work is short and waited for by a person, such as those of a control interface:
/// the kernel lets them run before threads that carry reads all the time.
package enum PromptThread {
    /// As setpriority(2) counts: 0 is usual, less runs earlier.
    package static let niceness: Int32 = -10

    /// Threads that `body` starts are prompt, and so are those that they start. The calling thread
    /// is usual again afterwards. Without the right to it (CAP_SYS_NICE), they are as all others.
    ///
    /// - Parameter process: whose first thread is as usual; 0 for the calling thread. A process
    ///   that a prompt thread started is prompt itself, and names its parent.
    package static func starting<Value, Failure: Error>(
        usualAsIn process: Int32 = 0, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        // Of Linux' processes 0 is the calling thread.
        let which = __priority_which_t(PRIO_PROCESS.rawValue)
        let usual = getpriority(which, id_t(bitPattern: process))
        setpriority(which, 0, min(usual, niceness))
        defer { setpriority(which, 0, usual) }
        return try body()
    }

    /// The calling thread is prompt while `body` runs, and usual afterwards. So is every thread
    /// that `body` starts, but for those that `lasting` starts and their own: these stay prompt.
    ///
    /// - Parameters:
    ///   - process: as for ``starting(usualAsIn:_:)``.
    ///   - lasting: runs first; `body` gets what it makes.
    package static func working<Made, Value>(
        usualAsIn process: Int32, lasting: () throws -> Made, _ body: (Made) throws -> Value
    ) throws -> Value {
        let which = __priority_which_t(PRIO_PROCESS.rawValue)
        let usual = getpriority(which, id_t(bitPattern: process))
        setpriority(which, 0, min(usual, niceness))
        var lastingThreads: Set<UInt32> = []
        defer {
            for thread in SystemCall.ownThreads() where !lastingThreads.contains(thread) {
                setpriority(which, thread, usual)
            }
            setpriority(which, 0, usual)
        }
        let before = Set(SystemCall.ownThreads())
        let made = try lasting()
        lastingThreads = Set(SystemCall.ownThreads()).subtracting(before)
        return try body(made)
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
