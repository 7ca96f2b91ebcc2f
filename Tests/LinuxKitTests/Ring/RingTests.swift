import CKernelABI
import Glibc
import LinuxKit
import SystemPackage
import Testing

/// The ring itself, below the engines.
@Suite(
    "Ring",
    .enabled(if: RingProbe.run().unavailable == nil, "the kernel refuses io_uring to this process"))
struct RingTests {
    @Test("layouts are the kernel's, seen from Swift")
    func layouts() {
        #expect(MemoryLayout<bpio_sqe>.stride == 64)
        #expect(MemoryLayout<bpio_cqe>.stride == 16)
        #expect(MemoryLayout<bpio_ring_params>.stride == 120)
        #expect(MemoryLayout<bpio_getevents_arg>.stride == 24)
        #expect(MemoryLayout<bpio_rsrc_register>.stride == 32)
        #expect(MemoryLayout<bpio_probe>.size == 2064)
        #expect(MemoryLayout<bpio_sqe>.offset(of: \.user_data) == 32)
        #expect(MemoryLayout<bpio_ring_params>.offset(of: \.cq_off) == 80)
    }

    @Test("the queue is refused when full and each token comes back once, over many turns")
    func turns() throws {
        let ring = try TestRing(RingConfiguration(submissionEntries: 4))
        var token: UInt64 = 0
        for _ in 0..<1000 {
            let first = token
            while ring.queueNothing(token: token) { token += 1 }
            try #require(token - first == 4)
            try #require(ring.unsubmitted == 4)
            try #require(ring.enter(waitingFor: 4) == 4)
            for expected in first..<token {
                let completion = try #require(ring.nextCompletion())
                try #require(completion.token == expected)
                try #require(completion.result == 0)
            }
            let isEmpty = ring.nextCompletion() == nil
            try #require(isEmpty)
        }
    }

    @Test("entries that were not submitted can be dropped")
    func discards() throws {
        let ring = try TestRing(RingConfiguration(submissionEntries: 4))
        #expect(ring.queueNothing(token: 1))
        #expect(ring.queueNothing(token: 2))
        ring.discardUnsubmitted()
        #expect(ring.queueNothing(token: 3))
        #expect(ring.enter(waitingFor: 1) == 1)
        #expect(ring.nextCompletion()?.token == 3)
        let isEmpty = ring.nextCompletion() == nil
        #expect(isEmpty)
    }

    @Test("completions beyond the queue wait in the kernel and none is lost")
    func overflow() throws {
        let ring = try TestRing(RingConfiguration(submissionEntries: 4, completionEntries: 4))
        for token in 0..<UInt64(32) {
            #expect(ring.queueNothing(token: token))
            let outcome = ring.enter(waitingFor: 0)
            #expect(outcome == 1)
        }
        #expect(ring.hasCompletionsInKernel)
        var seen: [UInt64] = []
        for _ in 0..<64 where seen.count < 32 {
            while let completion = ring.nextCompletion() { seen.append(completion.token) }
            _ = ring.enter(waitingFor: 0)
        }
        #expect(seen == Array(0..<32))
    }

    @Test("a timeout operation and the time limit of an enter")
    func timeouts() throws {
        let ring = try TestRing(RingConfiguration(submissionEntries: 4))
        #expect(ring.enter(waitingFor: 1, nanoseconds: 1_000_000) == -ETIME)
        var limit = bpio_timespec(tv_sec: 0, tv_nsec: 1_000_000)
        let isQueued = unsafe withUnsafePointer(to: &limit) { limit in
            let isQueued = unsafe ring.queueTimeout(limit, token: 5)
            #expect(ring.enter(waitingFor: 1, nanoseconds: 30_000_000_000) == 1)
            return isQueued
        }
        #expect(isQueued)
        let completion = ring.nextCompletion()
        #expect(completion?.token == 5)
        #expect(completion?.result == -ETIME)
    }

    @Test("a poll sees a pipe filled, and a cancelled one says so")
    func pollAndCancel() throws {
        let (reader, writer) = try FileDescriptor.pipe()
        defer {
            try? reader.close()
            try? writer.close()
        }
        let ring = try TestRing(RingConfiguration(submissionEntries: 4))
        let events = UInt32(POLLIN)
        #expect(ring.queuePoll(descriptor: reader.rawValue, events: events, token: 1))
        #expect(ring.queueCancel(of: 1, token: 2))
        #expect(ring.enter(waitingFor: 2) == 2)
        var results: [UInt64: Int32] = [:]
        while let completion = ring.nextCompletion() {
            results[completion.token] = completion.result
        }
        #expect(results == [1: -ECANCELED, 2: 0])

        #expect(ring.queuePoll(descriptor: reader.rawValue, events: events, token: 3))
        try writer.writeAll([1])
        #expect(ring.enter(waitingFor: 1) == 1)
        let completion = ring.nextCompletion()
        #expect(completion?.token == 3)
        #expect((completion?.result ?? 0) & Int32(POLLIN) != 0)
    }

    @Test("the probe finds what Linux 6.1 and later have")
    func probe() {
        let probe = RingProbe.run()
        #expect(probe.unavailable == nil)
        #expect(probe.isUsable)
        #expect(probe.features & UInt32(BPIO_RING_FEAT_EXT_ARG) != 0)
        #expect(Set(probe.present).isDisjoint(with: probe.missing))
        #expect(probe.present.count + probe.missing.count == RingRequirement.all.count)
        #expect(probe.present.contains { $0.name == "IORING_OP_READ_FIXED" })
        for requirement in RingRequirement.all {
            #expect(requirement.description.contains("Linux \(requirement.kernelVersion)"))
        }
    }
}

/// A class, because the test macros copy the values they look at.
private final class TestRing {
    private var ring: Ring

    init(_ configuration: RingConfiguration) throws {
        ring = try Ring(configuration)
    }

    var unsubmitted: UInt32 { ring.unsubmitted }
    var hasCompletionsInKernel: Bool { ring.hasCompletionsInKernel }

    func discardUnsubmitted() {
        ring.discardUnsubmitted()
    }

    func queueNothing(token: UInt64) -> Bool {
        ring.queueNothing(token: token)
    }

    func queuePoll(descriptor: CInt, events: UInt32, token: UInt64) -> Bool {
        ring.queuePoll(descriptor: descriptor, events: events, token: token)
    }

    func queueCancel(of target: UInt64, token: UInt64) -> Bool {
        ring.queueCancel(of: target, token: token)
    }

    @unsafe
    func queueTimeout(_ duration: UnsafePointer<bpio_timespec>, token: UInt64) -> Bool {
        unsafe ring.queueTimeout(duration, token: token)
    }

    func enter(waitingFor minimum: UInt32, nanoseconds: Int64? = nil) -> Int32 {
        ring.enter(waitingFor: minimum, nanoseconds: nanoseconds)
    }

    func nextCompletion() -> RingCompletion? {
        ring.nextCompletion()
    }
}
