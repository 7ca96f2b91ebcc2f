internal import IOStack
internal import LinuxKit
public import SystemPackage

/// The process that outlives a service and answers for its gates, so that they do not open when the
/// kernel closes the service's descriptors.
///
/// It has the group of the gates, and for each file that must not be read unasked the file's own
/// mount. While the service lives it does nothing but ask it for a sign of life every few seconds.
/// When the service dies, it puts the gate in the way of each of these files
/// and fails each read there with EIO, until the file system that programs read through is gone.
///
/// The kernel takes an answer by the number of an event's descriptor, whoever gives it. So the
/// guardian answers also what the dead service had read; and no event of its own ever has a number
/// of the service's: `slot` is the least number that is free here, and taken there.
///
/// One thread. It waits for nothing that the service or the dead mount would have to answer.
public struct GateGuardian: ~Copyable {
    private enum Service {
        case alive
        /// It has been asked for a sign of life, and has until then.
        case asked(until: ContinuousClock.Instant)
        /// It deals with no event.
        case silent
        case dead
    }

    /// In milliseconds: how often a file system without a watch is looked for.
    private static let lookInterval: Int32 = 1000
    /// The sizes of an event, bytes. The smaller is tried first: two events are hardly ever read at
    /// once, and each has the number that is free.
    private static let eventSizes = [24, 48]

    private let channel: FileDescriptor
    private let slot: Int32
    private let bounds: GuardianBounds
    private let mountPoint: FilePath
    private var end = MountEnd()
    private let tell: (String) -> Void
    /// The service: the one that started this process, or its successor.
    private var process = SystemCall.parentProcess
    /// The process that keeps the service's descriptors; nil where none is known.
    private var keeper: Int32?
    private var service = Service.alive
    private var nextLook = ContinuousClock.now
    private var group: HeldNumber?
    private var mounts: [UInt64: HeldNumber] = [:]
    /// As many numbers as the service may have, which started this process.
    private let numbers = DescriptorLimit.current

    /// - Parameters:
    ///   - channel: to the service; closed at its end.
    ///   - slot: the number that the service's end has there.
    ///   - mountPoint: of the file system that programs read through.
    ///   - tell: what the machine's log should have.
    init(
        channel: FileDescriptor, slot: Int32, mountPoint: FilePath, bounds: GuardianBounds,
        tell: @escaping (String) -> Void
    ) {
        self.channel = channel
        self.slot = slot
        self.mountPoint = mountPoint
        self.bounds = bounds
        self.tell = tell
    }

    /// Becomes the guardian of the service that started this process, which has one thread. Returns
    /// when it is no longer needed.
    public static func serve(
        slot: Int32, mountPoint: FilePath, bounds: GuardianBounds, tell: @escaping (String) -> Void
    ) {
        SystemCall.settleAsGuardian(named: "bypassio-guard")
        // Every number below the slot is taken.
        while let taken = try? SystemCall.duplicate(.standardInput, from: 0).release() {
            guard taken.rawValue >= slot else { continue }
            try? taken.close()
            break
        }
        var guardian = GateGuardian(
            channel: SystemCall.guardianChannel, slot: slot, mountPoint: mountPoint,
            bounds: bounds, tell: tell)
        guardian.run()
    }

    mutating func run() {
        while !isOver {
            guard
                let ready = try? SystemCall.wait(
                    isDead ? nil : channel, end.descriptor, answers ? group?.descriptor : nil,
                    milliseconds: patience)
            else { return }
            if ready.first { takeMessage() }
            if ready.second || isDead { end.look() }
            lookAtService()
            if answers { failReads() }
        }
        if !isDead {
            try? SystemCall.send(message: GuardianMessage.over.bytes, with: nil, to: channel)
        }
    }

    private var isDead: Bool { if case .dead = service { true } else { false } }

    /// Nothing is left to answer for.
    private var isOver: Bool { end.hasCome || isDead && group == nil }

    /// Reads fail here and now.
    private var answers: Bool {
        switch service {
        case .alive, .asked: false
        case .silent, .dead: true
        }
    }

    /// How long to wait for the next thing to happen, milliseconds.
    private var patience: Int32 {
        switch service {
        case .alive: group == nil ? -1 : Self.milliseconds(until: nextLook)
        // It may end with the question unanswered.
        case .asked(let until):
            Self.milliseconds(until: min(until, ContinuousClock.now.advanced(by: bounds.interval)))
        case .silent: Self.milliseconds(until: ContinuousClock.now.advanced(by: bounds.interval))
        case .dead: end.descriptor == nil ? Self.lookInterval : -1
        }
    }

    private static func milliseconds(until moment: ContinuousClock.Instant) -> Int32 {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: moment).components
        let all = seconds.multipliedReportingOverflow(by: 1000).partialValue
        return Int32(clamping: max(0, all + attoseconds / 1_000_000_000_000_000 + 1))
    }

    // MARK: The service

    private mutating func takeMessage() {
        var buffer = [UInt8](repeating: 0, count: GuardianMessage.size)
        let packet: (length: Int, file: FileDescriptor?)
        do throws(Errno) {
            packet = try SystemCall.receive(into: &buffer, from: channel)
        } catch {
            // Of a service that died with a message of this process unread, ECONNRESET comes once,
            // before what the service had said. The end comes after that.
            return error == .connectionReset ? () : takeOver()
        }
        guard packet.length > 0 else { return takeOver() }
        let file = packet.file.flatMap { kept($0) }
        switch GuardianMessage(buffer.prefix(packet.length)) {
        case .group: group = file
        case .end: end = file.map { MountEnd(watch: $0) } ?? MountEnd(of: mountPoint)
        case .hold(let mount): mounts[mount] = file
        case .release(let mount): mounts[mount] = nil
        case .adopted(let number):
            process = number
            // Its own comes with its word.
            keeper = nil
            heard()
        case .kept(let number): keeper = number
        case .pong: heard()
        case .ping, .tookOver, .over, nil: break
        }
    }

    /// The same file by a number above the slot, which stays free.
    private func kept(_ file: FileDescriptor) -> HeldNumber? {
        let received = OwnedDescriptor(owning: file)
        guard let moved = try? SystemCall.duplicate(received.descriptor, from: slot + 1).release()
        else { return nil }
        return HeldNumber(OwnedDescriptor(owning: moved))
    }

    private mutating func heard() {
        if case .silent = service {
            try? SystemCall.send(message: GuardianMessage.tookOver.bytes, with: nil, to: channel)
        }
        service = .alive
    }

    private mutating func lookAtService() {
        guard group != nil else { return }
        switch service {
        case .alive:
            let now = ContinuousClock.now
            guard now >= nextLook else { return }
            nextLook = now.advanced(by: bounds.interval)
            if isEnding { return takeOver() }
            // Also where no event waits: the service may have stopped with one in its hand.
            service = .asked(until: now.advanced(by: bounds.whileSilent))
            // A service that does not even take messages does not answer, either.
            try? SystemCall.send(message: GuardianMessage.ping.bytes, with: nil, to: channel)
        case .asked(let until):
            if isEnding { return takeOver() }
            guard ContinuousClock.now >= until else { return }
            service = .silent
            failTaken()
            tell(
                "the service does not react; reads that wait for its answer fail until it does")
        // Gates that are open are to close.
        case .silent: if isEnding { takeOver() }
        case .dead: break
        }
    }

    /// The service has ended, and whoever would start another. The kernel may keep the rest: before
    /// it closes the channel it closes the watch of SOURCE, which waits for reads that wait at a
    /// gate.
    private var isEnding: Bool {
        if bounds.isKept {
            guard let keeper, Self.isEnding(keeper, orIsGone: true) else { return false }
        }
        guard Self.isEnding(process, orIsGone: bounds.isKept) else { return false }
        // A successor may have said already that it goes on, or who keeps its descriptors.
        return (try? SystemCall.wait(channel, nil, nil, milliseconds: 0))?.first != true
    }

    /// Its first thread has ended or is about to, which none of a service does before all do.
    private static func isEnding(_ process: Int32, orIsGone: Bool) -> Bool {
        guard let text = KernelFile.text("/proc/\(process)/stat"),
            let words = text.split(separator: ")").last?.split(separator: " "), words.count > 6
        else { return orIsGone }
        // PF_EXITING of the kernel's flags: the process that is the last to close what two share
        // does so before it is seen as ended.
        return words[0] == "Z" || (UInt32(words[6]) ?? 0) & 0x4 != 0
    }

    /// Puts every gate in the way at once. Then reads wait there until the bound is over.
    private mutating func takeOver() {
        service = .dead
        try? channel.close()
        guard let group else { return }
        for mount in mounts.values {
            try? SystemCall.watchMount(
                mount.descriptor, adding: KernelReadGate.reads, by: group.descriptor)
        }
        let until = ContinuousClock.now.advanced(by: bounds.afterDeath)
        while !end.hasCome, ContinuousClock.now < until {
            _ = try? SystemCall.wait(
                nil, end.descriptor, nil, milliseconds: Self.milliseconds(until: until))
            end.look()
        }
        guard !end.hasCome else { return }
        failTaken()
        tell(
            "the service is gone; reads of \(mounts.count) of its open files fail from now on, "
                + "because filters answered for them")
    }

    /// Fails what the service had read and not answered.
    private func failTaken() {
        guard let group else { return }
        SystemCall.failAll(below: numbers, with: .ioError, of: group.descriptor)
    }

    // MARK: Reads

    private func failReads() {
        guard let group else { return }
        while true {
            let records = nextEvents(of: group.descriptor)
            if records.isEmpty { return }
            for record in records { answer(record, of: group.descriptor) }
        }
    }

    private func nextEvents(of group: FileDescriptor) -> [GateRecord] {
        for size in Self.eventSizes {
            var buffer = [UInt8](repeating: 0, count: size)
            guard let length = try? SystemCall.events(of: group, into: &buffer), length > 0 else {
                continue
            }
            var records = GateRecords(buffer, length: length)
            var found: [GateRecord] = []
            while let record = records.next() { found.append(record) }
            return found
        }
        return []
    }

    /// Fails a read of a file that is held. Any other came to a gate that was in the way for a
    /// moment only, because an open was under way; it passes, and so do all that follow.
    private func answer(_ record: GateRecord, of group: FileDescriptor) {
        guard record.file >= 0 else { return }
        let event = OwnedDescriptor(owning: FileDescriptor(rawValue: record.file))
        guard record.mask & KernelReadGate.reads != 0 else { return }
        let mount = try? SystemCall.mountNumber(of: event.descriptor)
        let isHeld = mount.map { mounts[$0] != nil } ?? true
        let error = isHeld ? Errno.ioError.rawValue : 0
        try? SystemCall.answer(event.descriptor, with: error, to: group)
        if isDead, !isHeld {
            try? SystemCall.watchMount(
                event.descriptor, removing: KernelReadGate.reads, by: group)
        }
    }
}
