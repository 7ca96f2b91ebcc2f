import IOStack
import SystemPackage
import Testing

@testable import BypassIOMount

/// How the users share the service's descriptors.
struct DescriptorShareTests {
    /// The number of files that a user gets before a refusal.
    private func takeAll(_ shares: DescriptorShares, _ user: UInt32, others: Int = 0) -> Int {
        var count = 0
        while shares.reserve(for: user, beside: others) { count += 1 }
        return count
    }

    @Test("each user gets half of what the others leave, and none finds nothing")
    func halves() {
        let shares = DescriptorShares(
            limit: 4096, threads: 256, openDirectories: 512, isShared: true)
        let capacity = shares.capacity
        #expect((1500...4096).contains(capacity))
        let first = takeAll(shares, 1000)
        #expect((capacity / 2...capacity / 2 + 1).contains(first))
        let second = takeAll(shares, 1001)
        #expect((capacity / 4 - 1...capacity / 4 + 1).contains(second))
        for user in 1002..<1006 as Range<UInt32> { #expect(takeAll(shares, user) > 0) }
        #expect(takeAll(shares, 1000) == 0)
        for _ in 0..<first { shares.give(back: 1000, nil) }
        #expect(takeAll(shares, 1000) > capacity / 4)
    }

    @Test("with few descriptors there are few directories")
    func directories() {
        let shares = DescriptorShares(
            limit: 256, threads: 256, openDirectories: 1024, isShared: true)
        #expect(shares.openDirectories == 32)
    }

    @Test("handles on one descriptor count once, and whoever has his share gets no other")
    func shared() {
        let shares = DescriptorShares(
            limit: 256, threads: 16, openDirectories: 16, isShared: true)
        #expect(shares.reserve(for: 1000, beside: 0))
        #expect(shares.settle(1000, 50, isReserved: true))
        let rest = takeAll(shares, 1000)
        // At its limit a user gets another handle of a file that it has, but no further file.
        for _ in 0..<3000 { #expect(shares.settle(1000, 50, isReserved: false)) }
        #expect(!shares.settle(1000, 51, isReserved: false))
        #expect(!shares.settle(1000, nil, isReserved: false))
        for _ in 0..<3000 { shares.give(back: 1000, 50) }
        #expect(!shares.reserve(for: 1000, beside: 0))
        for _ in 0..<rest { shares.cancel(for: 1000) }
        shares.give(back: 1000, 50)
        #expect(takeAll(shares, 1000) == rest + 1)
    }

    @Test(
        "further handles on a descriptor have a limit, half of the rest for a user, and come back")
    func furtherHandles() {
        let shares = DescriptorShares(
            limit: 1024, threads: 16, openDirectories: 16, isShared: true, furtherHandles: 1000)
        func openAll(_ user: UInt32, _ descriptor: Int32) -> Int {
            #expect(shares.reserve(for: user, beside: 0))
            #expect(shares.settle(user, descriptor, isReserved: true))
            var further = 0
            while shares.reserve(for: user, beside: 0),
                shares.settle(user, descriptor, isReserved: true)
            {
                further += 1
            }
            return further
        }
        #expect(openAll(1000, 50) == 500)
        #expect(openAll(1001, 50) == 250)
        // A refusal keeps nothing back.
        #expect(!shares.settle(1000, 50, isReserved: false))
        let rest = takeAll(shares, 1000)
        for _ in 0..<rest { shares.cancel(for: 1000) }
        for _ in 0..<500 { shares.give(back: 1000, 50) }
        #expect(shares.settle(1000, 50, isReserved: false))
        for _ in 0..<2 { shares.give(back: 1000, 50) }
        #expect(takeAll(shares, 1000) == rest + 1)
    }

    @Test("a descriptor counts for each user who has it, and altogether once")
    func sharedByUsers() {
        let shares = DescriptorShares(
            limit: 1024, threads: 16, openDirectories: 16, isShared: false)
        for user in 0..<10 as Range<UInt32> {
            #expect(shares.reserve(for: user, beside: 0))
            #expect(shares.settle(user, 50, isReserved: true))
        }
        // The user that opened the file first may have closed it.
        for user in 0..<9 as Range<UInt32> { shares.give(back: user, 50) }
        #expect(takeAll(shares, 100) == shares.capacity - 1)
        shares.give(back: 9, 50)
        #expect(takeAll(shares, 100) == 1)
        // The kernel may have reused the number for another file before the last handle's close was
        // counted.
        for _ in 0..<shares.capacity { shares.cancel(for: 100) }
        #expect(shares.reserve(for: 1, beside: 0) && shares.settle(1, 7, isReserved: true))
        #expect(shares.reserve(for: 2, beside: 0) && shares.settle(2, 7, isReserved: true))
        shares.give(back: 1, 7)
        #expect(takeAll(shares, 100) == shares.capacity - 1)
    }

    @Test("threads, which have two each, leave the reserve to requests and gates")
    func threads() {
        for limit in [128, 256, 1024, 65536] {
            let shares = DescriptorShares(
                limit: limit, threads: 256, openDirectories: 1024, isShared: true)
            let reserve = limit - shares.capacity - shares.openDirectories - 2 * shares.threads
            #expect(reserve >= min(limit / 8, 1024) || shares.capacity == 8, "\(limit)")
            #expect(2 * shares.threads <= max(8, limit / 8))
        }
    }

    @Test("descriptors that the process inherited are nobody's share")
    func inherited() {
        func capacity(_ inUse: Int) -> Int {
            DescriptorShares(
                limit: 1024, inUse: inUse, threads: 16, openDirectories: 64, isShared: true
            ).capacity
        }
        #expect(capacity(10) == capacity(0))
        #expect(capacity(316) == capacity(0) - 300)
    }

    @Test("a mount of one user's has no shares, but a reserve")
    func alone() {
        let shares = DescriptorShares(
            limit: 1024, threads: 16, openDirectories: 1024, isShared: false)
        #expect(takeAll(shares, 1000) == shares.capacity)
        #expect(shares.capacity < 1024 - shares.openDirectories - 64)
    }

    @Test("files without a name and ways of the kernel's count, and the kernel route ends in time")
    func others() {
        let shares = DescriptorShares(limit: 1024, threads: 16, openDirectories: 64, isShared: true)
        #expect(shares.hasRoomForKernelReads(beside: 0))
        #expect(!shares.hasRoomForKernelReads(beside: shares.capacity))
        #expect(takeAll(shares, 1000, others: shares.capacity) == 0)
        let taken = takeAll(shares, 1000, others: shares.capacity / 2)
        #expect((shares.capacity / 4 - 1...shares.capacity / 4 + 1).contains(taken))
        #expect(!shares.hasRoomForKernelReads(beside: shares.capacity / 2))
    }
}
