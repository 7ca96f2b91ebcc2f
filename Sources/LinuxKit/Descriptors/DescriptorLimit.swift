internal import Glibc

/// How many descriptors this process may have (`RLIMIT_NOFILE`).
package enum DescriptorLimit {
    package static var current: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Descriptors below 65,536 that are open now: the process's own and inherited ones.
    package static var inUse: Int {
        let count = min(current, 65_536)
        var all = (0..<Int32(count)).map { pollfd(fd: $0, events: 0, revents: 0) }
        guard unsafe poll(&all, nfds_t(count), 0) >= 0 else { return 0 }
        return all.count { $0.revents & Int16(POLLNVAL) == 0 }
    }
}
