internal import CKernelABI
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// The fanotify group of a volume's gates. It passes the events of each mount to the mount's gate.
///
/// Lock order: `reading`, then `gates`, then a gate's own, then that of ``GuardianLink``. No
/// question is asked under any of them.
/// Any thread.
final class GateGroup: Sendable {
    /// In bytes; room for some dozens of events at a time.
    private static let bufferSize = 4096
    /// The largest event, in bytes.
    private static let largestEvent = 48

    /// The most events that may wait for an answer, each with a descriptor. Further events are left
    /// to the kernel, which holds their readers. An event for which no descriptor is left would
    /// fail with EPERM.
    private let mostHeld: Int
    /// Reads that wait for an answer. Relaxed: the count is a limit, and hands nothing over.
    private let held = Atomic<Int>(0)

    private struct Entry {
        weak var gate: KernelReadGate?
    }

    /// nil: if this process dies, the kernel opens every gate.
    let link: GuardianLink?
    private let group: OwnedDescriptor
    private let questions = ReadQuestions()
    /// Held from reading events until they are dealt with. So a thread that has held the lock knows
    /// that all earlier events are dealt with.
    private let reading: Guarded<[UInt8]>
    /// By the number of the gate's mount.
    private let gates = Guarded<[UInt64: Entry]>([:])

    var descriptor: FileDescriptor { group.descriptor }

    /// - Throws: `EPERM` without CAP_SYS_ADMIN, `EINVAL` or `ENOSYS` if the kernel has no such
    ///   groups.
    init(_ link: GuardianLink? = nil) throws(Errno) {
        let descriptors = DescriptorLimit.current
        mostHeld = max(8, descriptors / 16)
        // Every event of one read(2) comes with a descriptor.
        let room = min(Self.bufferSize, max(4, descriptors / 32) * Self.largestEvent)
        reading = Guarded([UInt8](repeating: 0, count: room))
        group = try SystemCall.openGateGroup()
        self.link = link
        link?.serve(self)
    }

    func add(_ gate: KernelReadGate, on mount: UInt64) {
        gates.withLock { $0[mount] = Entry(gate: gate) }
    }

    func removeGate(on mount: UInt64) {
        _ = gates.withLock { $0.removeValue(forKey: mount) }
    }

    /// Whether the kernel keeps further events until some reads are answered.
    var isFull: Bool { held.load(ordering: .relaxed) >= mostHeld }

    func countHeld() { held.wrappingAdd(1, ordering: .relaxed) }
    func countAnswered() { held.wrappingSubtract(1, ordering: .relaxed) }

    func ask(about read: HeldRead, at gate: KernelReadGate) {
        questions.put(read, at: gate)
    }

    /// Another process took events while this one did not get to them. So opens may be missing from
    /// the gates' counts, and every file counts as opened: its drains look for readers.
    func eventsWereTaken() {
        for gate in gates.withLock({ $0.values.compactMap(\.gate) }) { gate.mayHaveBeenOpened() }
    }

    /// Deals with every event that had come by the time of the call, as long as there are
    /// descriptors for them. Waits neither for events nor for answers.
    ///
    /// An open that is left to the kernel is an expected open: its reads meet the gate.
    func dealWithEvents() {
        reading.withLock { buffer in
            // On an error there are too many open files, and the kernel itself has refused that
            // read. The rest is left for the next call.
            while !isFull, let length = try? SystemCall.events(of: group.descriptor, into: &buffer),
                length > 0
            {
                var records = GateRecords(buffer, length: length)
                while let record = records.next() { deal(with: record) }
            }
        }
    }

    private func deal(with record: GateRecord) {
        guard record.file >= 0 else { return }
        let event = OwnedDescriptor(owning: FileDescriptor(rawValue: record.file))
        let gate = (try? SystemCall.mountNumber(of: event.descriptor)).flatMap { mount in
            gates.withLock { $0[mount]?.gate }
        }
        if record.mask & UInt64(BPIO_GATE_READ) != 0 {
            let range = record.range ?? GateRecord.Range(offset: 0, length: .max)
            let read = KernelRead(
                offset: range.offset, length: Int(clamping: range.length), thread: record.thread)
            let held = HeldRead(read, event: event, of: self)
            if let gate { return gate.arrived(held) }
            // Otherwise it is dropped at once, and so passes.
            if link?.isKept == true { held.answer(IOFailure(errno: .ioError)) }
            return
        }
        guard let gate else { return }
        if record.mask & UInt64(BPIO_GATE_OPEN) != 0 { gate.opened(by: record.thread) }
        if record.mask & UInt64(BPIO_GATE_CLOSE_WRITE) != 0 { gate.closedByReader() }
        if record.mask & UInt64(BPIO_GATE_CLOSE_NOWRITE) != 0 { gate.closedByReader() }
    }
}
