import CKernelABI
import DirectRead
import Glibc
import LinuxKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The engines' behaviour when the kernel refuses a call; the tests refuse in the kernel's place.
@Suite("io_uring refused")
struct RefusalTests {
    private static func refusing(_ code: CInt) -> RingSystemCalls {
        // A C function pointer captures nothing, so each errno has a function of its own.
        switch code {
        case ENOSYS: unsafe RingSystemCalls(setup: { _, _ in -ENOSYS })
        case EPERM: unsafe RingSystemCalls(setup: { _, _ in -EPERM })
        case ENOMEM: unsafe RingSystemCalls(setup: { _, _ in -ENOMEM })
        default: unsafe RingSystemCalls(setup: { _, _ in -EMFILE })
        }
    }

    private static func make(
        _ policy: ReadEngines.Policy, _ calls: RingSystemCalls
    ) throws -> any ReadEngine {
        try ReadEngines.make(
            depth: 4, slotSize: 4096, policy: policy, fileCapacity: 4, calls: calls)
    }

    @Test(
        "the reason names the cause and what to do",
        arguments: [
            (ENOSYS, "CONFIG_IO_URING"), (EPERM, "io_uring_disabled"), (EPERM, "seccomp"),
            (ENOMEM, "ENOMEM"), (EMFILE, "io_uring_setup"),
        ])
    func reasons(code: CInt, mentioned: String) throws {
        let error = try #require(throws: ReadEngineError.self) {
            try Self.make(.ring, Self.refusing(code))
        }
        #expect(error.description.contains(mentioned))
        let probe = RingProbe.run(calls: Self.refusing(code))
        #expect(probe.unavailable?.description == error.description)
        #expect(!probe.isUsable)
        #expect(probe.missing.count == RingRequirement.all.count)
    }

    @Test("each cause is told apart")
    func descriptions() {
        let limit = RingUnavailable.lockedMemoryLimit(bytes: 8 << 20).description
        #expect(limit.contains("RLIMIT_MEMLOCK, now 8192 KiB"))
        #expect(RingUnavailable.forbidden(sysctl: 1).description.contains("io_uring_group"))
        #expect(RingUnavailable.forbidden(sysctl: 2).description.contains("for everybody"))
        #expect(RingUnavailable.forbidden(sysctl: nil).description.contains("seccomp"))
    }

    @Test("the automatic policy reads with threads instead and says why")
    func fallsBack() throws {
        let engine = try Self.make(.automatic, Self.refusing(ENOSYS))
        defer { engine.close() }
        #expect(engine is ThreadPoolReadEngine)
        let reason = try #require(engine.fallbackReason)
        #expect(reason.contains("no io_uring"))
        #expect(engine.description == "pread on 4 threads because \(reason)")
        let file = try TemporaryFile(size: 4096)
        let index = try engine.register(file.descriptor)
        #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
    }

    @Test("an engine that was not forced to fall back has no reason")
    func noReason() throws {
        let pool = try Self.make(.threadPool, .kernel)
        defer { pool.close() }
        #expect(pool.fallbackReason == nil)
        #expect(pool.description == "pread on 4 threads")
    }

    @Test(
        "a kernel that takes only the oldest set of modes still gets a ring",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"))
    func oldModes() throws {
        let calls = unsafe RingSystemCalls(setup: { entries, parameters in
            let known = UInt32(BPIO_RING_SETUP_CQSIZE)
            guard unsafe parameters.pointee.flags & ~known == 0 else { return -EINVAL }
            return unsafe bpio_ring_setup(entries, parameters)
        })
        let engine = try Self.make(.ring, calls)
        defer { engine.close() }
        let file = try TemporaryFile(size: 4096)
        let index = try engine.register(file.descriptor)
        for _ in 0..<100 {
            #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
        }
        #expect(engine.holds(file, at: 0, count: 4096, inSlot: 0))
        let probe = RingProbe.run(calls: calls)
        #expect(probe.isUsable)
        #expect(probe.missing.contains { $0.name == "IORING_SETUP_DEFER_TASKRUN" })
    }

    @Test(
        "without registered buffers, files and ring descriptor the reads are the same",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"))
    func noRegistration() throws {
        let calls = unsafe RingSystemCalls(register: { ring, operation, argument, count in
            guard operation == UInt32(BPIO_RING_REGISTER_PROBE) else { return -ENOMEM }
            return unsafe bpio_ring_register(ring, operation, argument, count)
        })
        let engine = try Self.make(.ring, calls)
        defer { engine.close() }
        #expect(engine.description.hasPrefix("io_uring, plain buffers because "))
        #expect(engine.description.hasSuffix(", plain descriptors"))
        let file = try TemporaryFile(size: 8192)
        let index = try engine.register(file.descriptor)
        #expect(!index.isRegistered)
        for slot in 0..<4 {
            #expect(try engine.readOnce(index, offset: 4096, length: 4096, slot: slot) == 4096)
            #expect(engine.holds(file, at: 4096, count: 4096, inSlot: slot))
        }
    }

    @Test(
        "a kernel without an essential operation is named with the version that brought it",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"))
    func lacksOperations() throws {
        let calls = unsafe RingSystemCalls(register: { _, _, _, _ in -EINVAL })
        let error = try #require(throws: ReadEngineError.self) { try Self.make(.ring, calls) }
        #expect(error.description.contains("IORING_OP_READ_FIXED (Linux 5.1)"))
        #expect(error.description.contains("IORING_OP_READ (Linux 5.6)"))
    }

    @Test(
        "interruptions and shortages of enter are mended",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"),
        arguments: [EINTR, EBUSY, EAGAIN])
    func mendedEnter(code: CInt) throws {
        // Fails two calls in three, by a count that a C function pointer can reach.
        let calls: RingSystemCalls
        switch code {
        case EINTR:
            calls = unsafe RingSystemCalls(enter: {
                unsafe InjectedFailure.next(EINTR, $0, $1, $2, $3, $4)
            })
        case EBUSY:
            calls = unsafe RingSystemCalls(enter: {
                unsafe InjectedFailure.next(EBUSY, $0, $1, $2, $3, $4)
            })
        default:
            calls = unsafe RingSystemCalls(enter: {
                unsafe InjectedFailure.next(EAGAIN, $0, $1, $2, $3, $4)
            })
        }
        let file = try TemporaryFile(size: 65536)
        let engine = try Self.make(.ring, calls)
        let index = try engine.register(file.descriptor)
        for round in 0..<50 {
            for slot in 0..<4 {
                engine.start(
                    slot: slot, file: index, offset: UInt64((round + slot) % 16 * 4096),
                    length: 4096)
            }
            #expect(try engine.submit(waitingFor: 4) == 4)
            while let done = engine.nextCompletion() { #expect(done.result == 4096) }
        }
        for slot in 0..<4 {
            engine.start(slot: slot, file: index, offset: 0, length: 4096)
        }
        try engine.submit(waitingFor: 0)
        engine.close()
    }

    @Test(
        "a shortage that lasts reaches the caller, and the reads stay queued",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"))
    func lastingShortage() throws {
        let engine = try Self.make(
            .ring, unsafe RingSystemCalls(enter: { _, _, _, _, _ in -EAGAIN }))
        let file = try TemporaryFile(size: 4096)
        let index = try engine.register(file.descriptor)
        engine.start(slot: 0, file: index, offset: 0, length: 4096)
        #expect(throws: Errno.resourceTemporarilyUnavailable) {
            try engine.submit(waitingFor: 1)
        }
        #expect(engine.nextCompletion() == nil)
        engine.close()
    }
}

/// Calls of enter that fail before they reach the kernel.
private enum InjectedFailure {
    static let calls = Atomic<Int>(0)

    static func next(
        _ code: CInt, _ ring: Int32, _ count: UInt32, _ minimum: UInt32, _ flags: UInt32,
        _ argument: UnsafePointer<bpio_getevents_arg>?
    ) -> Int32 {
        guard calls.wrappingAdd(1, ordering: .relaxed).newValue % 3 == 0 else { return -code }
        return unsafe bpio_ring_enter(ring, count, minimum, flags, argument)
    }
}
