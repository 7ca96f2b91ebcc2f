internal import Glibc
package import SystemPackage

/// Descriptors that a thread waits for at once (poll(2)). One thread at a time.
package struct DescriptorWait {
    package enum Event: Sendable {
        case readable
        case writable
    }

    private var polled: [pollfd] = []

    package init() {}

    package mutating func removeAll() { polled.removeAll(keepingCapacity: true) }

    /// The places of descriptors count from 0, in the order in which they were added.
    package mutating func add(_ descriptor: FileDescriptor, _ event: Event) {
        let events = event == .readable ? POLLIN : POLLOUT
        polled.append(pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0))
    }

    /// Waits until a descriptor is ready, a signal comes, or so many nanoseconds are over; nil: for
    /// ever. Returns the places of the ready ones. A descriptor whose other end is gone is ready.
    package mutating func wait(atMost nanoseconds: UInt64?) -> [Int] {
        let milliseconds = nanoseconds.map { Int32(clamping: ($0 &+ 999_999) / 1_000_000) } ?? -1
        guard unsafe poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return [] }
        return polled.indices.filter { polled[$0].revents != 0 }
    }
}
