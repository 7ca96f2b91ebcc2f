import Glibc
import LinuxKit
import SystemPackage

/// The state of a ring engine: ring, buffers, files, and the reads in flight.
@safe
struct RingReader: ~Copyable {
    /// Why each read pins its own pages; `nil` with registered buffers.
    let unregisteredBuffersReason: String?
    let wakeCounter: EventCounter
    let slots: SlotTable
    let slabBase: UnsafeMutableRawPointer
    let slabStride: Int
    let usesRegisteredBuffers: Bool

    var ring: Ring
    var ready: CompletionQueue
    var files: RegisteredFileTable
    var slab: BufferSlab?
    // Reads started whose completion has not arrived.
    var outstanding = 0
    var isWakePolled = false
    var isWakePending = false

    /// Entries beyond one for each slot: the poll for wakes and its cancellation.
    private static let controlEntries = 2

    init(
        depth: Int, slotSize: Int, fileCapacity: Int, calls: RingSystemCalls
    ) throws(ReadEngineError) {
        guard (0...32768).contains(fileCapacity) else {
            throw .fileCapacityOutOfRange(fileCapacity)
        }
        let slab = try ReadEngines.makeSlab(depth: depth, slotSize: slotSize)
        let ring = try Self.makeRing(depth: depth, calls: calls)
        let counter = try Self.makeCounter()
        let reason = Self.registerBuffers(slab, with: ring)
        let hasTable = fileCapacity > 0 && Self.registerTable(fileCapacity, with: ring)

        unregisteredBuffersReason = reason
        usesRegisteredBuffers = reason == nil
        files = RegisteredFileTable(capacity: hasTable ? fileCapacity : 0)
        unsafe slabBase = slab.base
        slabStride = slab.stride
        slots = SlotTable(depth: depth, slotSize: slotSize)
        ready = CompletionQueue(depth: depth)
        wakeCounter = counter
        self.ring = ring
        self.slab = consume slab
    }

    var isClosed: Bool { slab == nil }

    /// Whether the kernel may still write into the slab.
    var isReading: Bool { outstanding > 0 && !isClosed }

    /// Leaves the buffers mapped for ever.
    mutating func abandonSlab() {
        slab.take()?.abandon()
    }

    private static func makeRing(
        depth: Int, calls: RingSystemCalls
    ) throws(ReadEngineError) -> Ring {
        // Every read may complete and be cancelled at once, so this size rules out an overflow.
        let entries = UInt32(depth + controlEntries)
        do {
            return try Ring(
                RingConfiguration(submissionEntries: entries, completionEntries: entries * 2),
                calls: calls)
        } catch {
            throw .ring(error)
        }
    }

    private static func makeCounter() throws(ReadEngineError) -> EventCounter {
        do {
            return try EventCounter()
        } catch {
            throw .ring(.refused(error, call: "eventfd"))
        }
    }

    private static func registerBuffers(
        _ slab: borrowing BufferSlab, with ring: borrowing Ring
    ) -> String? {
        do throws(Errno) {
            try unsafe ring.registerBuffer(at: slab.base, byteCount: slab.byteCount)
            return nil
        } catch {
            guard error == .noMemory, let limit = softLockedMemoryLimit() else {
                return "the kernel would not register them (\(error))"
            }
            return "\(slab.byteCount / 1024) KiB exceed RLIMIT_MEMLOCK of \(limit / 1024) KiB"
        }
    }

    private static func registerTable(_ capacity: Int, with ring: borrowing Ring) -> Bool {
        do throws(Errno) {
            try ring.registerFileTable(capacity: UInt32(capacity))
            return true
        } catch {
            return false
        }
    }

    // MARK: Files

    mutating func register(_ fd: FileDescriptor) throws(Errno) -> FileIndex {
        guard let index = files.take() else {
            guard fcntl(fd.rawValue, F_GETFD) >= 0 else { throw .badFileDescriptor }
            return FileIndex(descriptor: fd)
        }
        do throws(Errno) {
            // The kernel would take −1 as an order to empty the place.
            guard fd.rawValue >= 0 else { throw .badFileDescriptor }
            try ring.updateFileTable(at: index, descriptor: fd.rawValue)
        } catch {
            files.put(back: index)
            throw error
        }
        return FileIndex(tableIndex: index)
    }

    mutating func unregister(_ file: FileIndex) {
        precondition(!slots.isReading(file), "file has reads in flight")
        guard file.isRegistered else { return }
        let index = UInt32(bitPattern: file.number)
        files.put(back: index)
        do throws(Errno) {
            try ring.updateFileTable(at: index, descriptor: -1)
        } catch {
            assertionFailure("emptying a place of the file table failed: \(error)")
        }
    }

    // MARK: Buffers

    @unsafe
    func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        precondition(!slots[slot].isInFlight, "slot is in flight")
        precondition(!isClosed, "engine is closed")
        return unsafe slabBase + slot &* slabStride
    }
}
