import Glibc
import LinuxKit
import SystemPackage

/// What a process does before it has a key, so that the key stays in it.
enum KeyHardening {
    /// Keeps its memory out of core dumps. It cannot be taken back.
    ///
    /// A limit of one byte is less than any core file has, and the kernel starts no program that
    /// takes a dump then. Where somebody dumps it all the same, none of its memory is in it.
    static func begin() {
        KernelFile.write("0", to: "/proc/self/coredump_filter")
        var limit = rlimit(rlim_cur: 1, rlim_max: 1)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
