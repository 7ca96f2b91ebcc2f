internal import CKernelABI
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The fanotify group of a volume's gates. It passes the events of each mount to the mount's gate.
///
/// Lock order: `reading`, then `gates`, then a gate's own, then that of ``GuardianLink`` or the
/// desk's. No question is asked under any of them.
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
    /// Shut while another process may go on with the group: then no event is read, either.
    let desk: AnswerDesk

    private struct Entry {
        weak var gate: KernelReadGate?
    }

    /// nil: if this process dies, the kernel opens every gate.
    let link: GuardianLink?
    private let group: OwnedDescriptor
    /// Where doors are written down for a successor; nil: nowhere.
    let recovery: RecoveryTable?
    private let questions = ReadQuestions()
    /// Held from reading events until they are dealt with. So a thread that has held the lock knows
    /// that all earlier events are dealt with.
    private let reading: Guarded<[UInt8]>
    /// By the number of the gate's mount.
    private let gates = Guarded<[UInt64: Entry]>([:])

    var descriptor: FileDescriptor { group.descriptor }

    /// - Throws: `EPERM` without CAP_SYS_ADMIN, `EINVAL` or `ENOSYS` if the kernel has no such
    ///   groups.
    convenience init(
        _ link: GuardianLink? = nil, _ recovery: RecoveryTable? = nil
    ) throws(Errno) {
        self.init(try SystemCall.openGateGroup(), isHalted: false, link, recovery)
    }

    /// A group that another process made, and that rests. Throws `EBADF`.
    convenience init(
        adopting group: FileDescriptor, _ link: GuardianLink?, _ recovery: RecoveryTable? = nil
    ) throws(Errno) {
        try SystemCall.closeOnExec(group)
        self.init(OwnedDescriptor(owning: group), isHalted: true, link, recovery)
    }

    private init(
        _ group: consuming OwnedDescriptor, isHalted: Bool, _ link: GuardianLink?,
        _ recovery: RecoveryTable?
    ) {
        let descriptors = DescriptorLimit.current
        mostHeld = max(8, descriptors / 16)
        // Every event of one read(2) comes with a descriptor.
        let room = min(Self.bufferSize, max(4, descriptors / 32) * Self.largestEvent)
        reading = Guarded([UInt8](repeating: 0, count: room))
        desk = AnswerDesk(of: group.descriptor, isShut: isHalted, recovery: recovery)
        recovery?.set(.group, to: UInt64(max(0, group.descriptor.rawValue)))
        self.recovery = recovery
        self.group = group
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
    var isFull: Bool { desk.count >= mostHeld }

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
            guard !desk.isShut else { return }
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
        let mount = (try? SystemCall.mountNumber(of: event.descriptor)) ?? 0
        let gate = gates.withLock { $0[mount]?.gate }
        if record.mask & UInt64(BPIO_GATE_READ) != 0 {
            let range = record.range ?? GateRecord.Range(offset: 0, length: .max)
            let read = KernelRead(
                offset: range.offset, length: Int(clamping: range.length), thread: record.thread)
            return arrived(HeldRead(read, event: event, at: mount, of: desk), at: gate)
        }
        guard let gate else { return }
        if record.mask & UInt64(BPIO_GATE_OPEN) != 0 { gate.opened(by: record.thread) }
        if record.mask & UInt64(BPIO_GATE_CLOSE_WRITE) != 0 { gate.closedByReader() }
        if record.mask & UInt64(BPIO_GATE_CLOSE_NOWRITE) != 0 { gate.closedByReader() }
    }
}

extension GateGroup {
    private func arrived(_ read: HeldRead, at gate: KernelReadGate?) {
        if let gate { return gate.arrived(read) }
        // Otherwise it is dropped at once, and so passes.
        if link?.isKept == true { read.answer(IOFailure(errno: .ioError)) }
    }

    // MARK: Another process

    /// Reads no more events, and answers none: whoever waits at a gate goes on waiting.
    func halt() -> HandedGates {
        // Events that are being dealt with are among those that wait, or are answered.
        reading.withLock { _ in
            HandedGates(
                group: descriptor.rawValue, guardian: link?.handOver(), waiting: desk.shut())
        }
    }

    /// Goes on after ``halt()``, or begins with what another process left.
    ///
    /// - Parameters:
    ///   - isAlone: ``AnswerDesk/open(isAlone:)``.
    ///   - waiting: reads that the other process had read from the group.
    func goOn(isAlone: Bool, with waiting: [HandedGates.WaitingRead] = []) {
        link?.goOn()
        desk.open(isAlone: isAlone)
        let all = gates.withLock { $0.values.compactMap(\.gate) }
        for gate in all { gate.assertMask() }
        for one in waiting {
            let event = OwnedDescriptor(owning: FileDescriptor(rawValue: one.event))
            let held = HeldRead(one.read, event: event, at: one.gate, of: desk)
            arrived(held, at: gates.withLock { $0[one.gate]?.gate })
        }
    }
}

/// An event of a gate's mount (struct fanotify_event_metadata and the records behind it).
struct GateRecord: Sendable, Hashable {
    /// `FAN_*`.
    var mask: UInt64
    /// The descriptor of the event, which the reader of the event must close; negative if there is
    /// none.
    var file: Int32
    /// The acting thread; 0 for a thread that this process cannot see.
    var thread: UInt32
    /// The range about to be read, in bytes; nil if the kernel does not say.
    var range: Range?

    struct Range: Sendable, Hashable {
        var offset: UInt64
        var length: UInt64
    }
}

/// Walks the events in a buffer that read(2) of a group filled. Every length is checked; a record
/// that does not fit ends the walk.
struct GateRecords: Sendable {
    /// event_len 4, vers 1, reserved 1, metadata_len 2, mask 8, fd 4, pid 4.
    private static let metadataSize = 24
    /// info_type 1, pad 1, len 2.
    private static let headerSize = 4
    /// Header 4, pad 4, offset 8, count 8.
    private static let rangeSize = 24

    private let bytes: [UInt8]
    private let end: Int
    private var position = 0

    /// - Parameter length: how many bytes the kernel filled.
    init(_ bytes: [UInt8], length: Int) {
        self.bytes = bytes
        end = min(max(length, 0), bytes.count)
    }

    /// The next event; nil at the end.
    mutating func next() -> GateRecord? {
        guard end - position >= Self.metadataSize else { return nil }
        let start = position
        let length = Int(number(at: start, bytes: 4))
        let header = Int(number(at: start + 6, bytes: 2))
        guard length >= Self.metadataSize, length <= end - start, header >= Self.metadataSize,
            header <= length
        else {
            position = end
            return nil
        }
        position = start + length
        return GateRecord(
            mask: number(at: start + 8, bytes: 8),
            file: Int32(truncatingIfNeeded: number(at: start + 16, bytes: 4)),
            thread: UInt32(truncatingIfNeeded: number(at: start + 20, bytes: 4)),
            range: range(from: start + header, to: start + length))
    }

    private func range(from start: Int, to end: Int) -> GateRecord.Range? {
        var place = start
        while end - place >= Self.headerSize {
            let length = Int(number(at: place + 2, bytes: 2))
            guard length >= Self.headerSize, length <= end - place else { return nil }
            if Int32(bytes[place]) == BPIO_GATE_INFO_RANGE, length >= Self.rangeSize {
                return GateRecord.Range(
                    offset: number(at: place + 8, bytes: 8),
                    length: number(at: place + 16, bytes: 8))
            }
            place += length
        }
        return nil
    }

    private func number(at offset: Int, bytes count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
