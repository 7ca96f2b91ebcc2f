internal import CKernelABI
internal import Glibc

/// Threads whose work is short and waited for by a person, such as those of a control interface:
/// the kernel lets them run before threads that carry reads all the time.
///
/// A usual thread waits behind such threads for some milliseconds at each of the hops of an answer,
/// even with niceness -10. So a prompt thread is one of real time (SCHED_RR), the least urgent
/// there is, and of niceness -10 where the system does not let it be that. What a thread of real
/// time starts is usual (SCHED_RESET_ON_FORK): neither another library's threads nor programs run
/// before others unasked. Niceness is inherited. A thread of real time that never sleeps gets 95 %
/// of a processor at most (sched(7), sched_rt_runtime_us).
package enum PromptThread {
    /// As setpriority(2) counts: 0 is usual, less runs earlier.
    package static let niceness: Int32 = -10

    /// Lets this process and those that it starts have prompt threads from now on, also after it
    /// has given up CAP_SYS_NICE: raises RLIMIT_RTPRIO and RLIMIT_NICE. False without
    /// CAP_SYS_RESOURCE, as in many a container: then only CAP_SYS_NICE makes threads prompt.
    package static func allow() -> Bool {
        bpio_allow_prompt_threads(20 - niceness) == 0
    }

    /// The calling thread is prompt from now on, as far as the system lets it.
    static func become() {
        if bpio_thread_real_time() != 0 { setPriority(niceness, of: 0) }
    }

    /// The calling thread runs before usual ones while `body` runs (niceness -10), and so does
    /// every thread that `body` starts. They are usual afterwards.
    ///
    /// - Parameter process: whose first thread is as usual; 0 for the calling thread. A process
    ///   that a prompt thread started names its parent.
    package static func working<Value, Failure: Error>(
        usualAsIn process: Int32, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let usual = getpriority(which, id_t(bitPattern: process))
        let others = Set(SystemCall.ownThreads())
        setPriority(min(usual, niceness), of: 0)
        defer {
            for thread in SystemCall.ownThreads() where !others.contains(thread) {
                setPriority(usual, of: thread)
            }
            setPriority(usual, of: 0)
        }
        return try body()
    }

    /// Of Linux' processes each thread is one, and 0 is the calling thread.
    private static let which = __priority_which_t(PRIO_PROCESS.rawValue)

    private static func setPriority(_ niceness: Int32, of thread: UInt32) {
        setpriority(which, thread, niceness)
    }
}
