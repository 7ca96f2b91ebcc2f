import CKernelABI
import DirectRead
import Glibc
import LinuxKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Reads that the kernel interrupts, simulated by replacing the kernel's results.
@Suite(
    "Interrupted reads", .serialized,
    .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring to this process"))
struct InterruptedReadTests {
    private static func makeEngine(
        file: borrowing TemporaryFile
    ) throws -> (engine: any ReadEngine, index: FileIndex) {
        let calls = unsafe RingSystemCalls(
            setup: { unsafe TamperedRing.setup($0, $1) },
            enter: { unsafe TamperedRing.enter($0, $1, $2, $3, $4) })
        let engine = try ReadEngines.make(
            depth: 4, slotSize: 4096, policy: .ring, fileCapacity: 4, calls: calls)
        return (engine, try engine.register(file.descriptor))
    }

    @Test("are started again until they succeed", arguments: [EINTR, EAGAIN])
    func retried(code: CInt) throws {
        let file = try TemporaryFile(size: 65536)
        let (engine, index) = try Self.makeEngine(file: file)
        defer { engine.close() }
        for round in 0..<20 {
            TamperedRing.interrupt(count: 10, with: code)
            for slot in 0..<4 {
                engine.start(
                    slot: slot, file: index, offset: UInt64((round % 4 * 4 + slot) * 4096),
                    length: 4096)
            }
            #expect(try engine.submit(waitingFor: 4) == 4)
            #expect(TamperedRing.interruptionsLeft == 0)
            while let done = engine.nextCompletion() {
                let slot = Int(done.slot)
                #expect(done.result == 4096)
                #expect(
                    engine.holds(
                        file, at: (round % 4 * 4 + slot) * 4096, count: 4096, inSlot: slot))
            }
        }
    }

    @Test("are given up after sixteen tries", arguments: [EINTR, EAGAIN])
    func givenUp(code: CInt) throws {
        let file = try TemporaryFile(size: 4096)
        let (engine, index) = try Self.makeEngine(file: file)
        defer { engine.close() }
        TamperedRing.interrupt(count: 17, with: code)
        #expect(try engine.readOnce(index, offset: 0, length: 4096) == -code)
        #expect(TamperedRing.interruptionsLeft == 0)
        #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
    }

    @Test("other errors are not tried again")
    func otherErrors() throws {
        let file = try TemporaryFile(size: 4096)
        let (engine, index) = try Self.makeEngine(file: file)
        defer { engine.close() }
        TamperedRing.interrupt(count: 1, with: EIO)
        #expect(try engine.readOnce(index, offset: 0, length: 4096) == -EIO)
        #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
    }
}

/// A second view of a ring's completions. The tests change results through it after the kernel
/// wrote them and before the engine sees them.
private enum TamperedRing {
    @safe
    private struct View {
        var parameters = bpio_ring_params()
        var base: UnsafeMutableRawPointer?
        var seen: UInt32 = 0
        var interruptions = 0
        var code: CInt = 0
    }

    private static let view = Mutex(View())

    static func interrupt(count: Int, with code: CInt) {
        view.withLock {
            $0.interruptions = count
            $0.code = code
        }
    }

    static var interruptionsLeft: Int { view.withLock { $0.interruptions } }

    static func setup(_ entries: UInt32, _ parameters: UnsafeMutablePointer<bpio_ring_params>)
        -> Int32
    {
        let ring = unsafe bpio_ring_setup(entries, parameters)
        guard ring >= 0 else { return ring }
        view.withLock {
            $0 = View()
            unsafe $0.parameters = parameters.pointee
            unsafe $0.base = mmap(
                nil, Int($0.parameters.cq_off.cqes + $0.parameters.cq_entries * 16),
                PROT_READ | PROT_WRITE, MAP_SHARED, ring,
                off_t(BPIO_RING_OFF_SQ_RING))
        }
        return ring
    }

    static func enter(
        _ ring: Int32, _ count: UInt32, _ minimum: UInt32, _ flags: UInt32,
        _ argument: UnsafePointer<bpio_getevents_arg>?
    ) -> Int32 {
        let outcome = unsafe bpio_ring_enter(ring, count, minimum, flags, argument)
        view.withLock { tamper(&$0) }
        return outcome
    }

    private static func tamper(_ view: inout View) {
        guard let base = unsafe view.base else { return }
        let offsets = view.parameters.cq_off
        let tail = unsafe bpio_load_acquire(
            (base + Int(offsets.tail)).assumingMemoryBound(to: UInt32.self))
        let mask = unsafe (base + Int(offsets.ring_mask)).load(as: UInt32.self)
        let entries = unsafe (base + Int(offsets.cqes)).assumingMemoryBound(to: bpio_cqe.self)
        while view.seen != tail {
            if view.interruptions > 0 {
                unsafe entries[Int(view.seen & mask)].res = -view.code
                view.interruptions -= 1
            }
            view.seen &+= 1
        }
    }
}
