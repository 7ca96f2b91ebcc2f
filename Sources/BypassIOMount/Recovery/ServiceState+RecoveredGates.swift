internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// The kernel's reads of a service that has died.
extension ServiceState {
    /// Its gates, and the reads that wait there. Returns the descriptors that none of it needs.
    mutating func takeGates(
        of table: RecoveryTable, _ doors: [Int32: RecoveryTable.Door]
    ) -> Set<Int32> {
        var unused: Set<Int32> = []
        let used = Set(self.doors.map(\.storage))
        for (number, door) in doors where !used.contains(number) {
            unused.formUnion([number, door.unwatched ?? -1])
        }
        let group = Int32(clamping: table[.group])
        let guardian = group > 0 ? Self.guardian(of: table) : nil
        if guardian == nil, table[.channel] > 0 { unused.insert(Int32(clamping: table[.channel])) }
        guard group > 0 else { return unused }
        let waiting = table.waitingReads
        gates = HandedGates(
            group: group, guardian: guardian,
            waiting: waiting.map { event, read in
                HandedGates.WaitingRead(
                    event: event, gate: read.gate,
                    read: KernelRead(
                        offset: read.offset, length: Int(clamping: read.length),
                        thread: read.thread))
            })
        failUnknown(
            besides: Set(waiting.keys), of: FileDescriptor(rawValue: group), doors.keys.max())
        return unused
    }

    /// Reads that the service had taken from the kernel and not written down yet: nobody knows of
    /// what file they are, and they would wait for ever. An event has the least number that is
    /// free.
    private func failUnknown(
        besides known: Set<Int32>, of group: FileDescriptor, _ highestDoor: Int32?
    ) {
        let highest =
            [
                handles.map(\.open.descriptor).max(), nodes.compactMap(\.held?.descriptor).max(),
                known.max(), highestDoor, group.rawValue, device,
            ].compactMap { $0 }.max() ?? 0
        let limit = min(highest + 4096, Int32(clamping: DescriptorLimit.current))
        for number in 3..<max(3, limit) where !known.contains(number) {
            try? SystemCall.answer(
                FileDescriptor(rawValue: number), with: Errno.ioError.rawValue, to: group)
        }
    }

    /// nil if there is none, or none any more.
    private static func guardian(of table: RecoveryTable) -> HandedGates.Guardian? {
        let (process, channel) = (
            Int32(clamping: table[.guardian]), Int32(clamping: table[.channel])
        )
        guard process > 0, channel > 0,
            let descriptor = try? SystemCall.descriptor(ofProcess: process),
            KernelFile.text("/proc/\(process)/comm") == "bypassio-guard\n"
        else { return nil }
        return HandedGates.Guardian(
            process: process, processDescriptor: descriptor.release().rawValue, channel: channel)
    }
}

extension HandedDoor {
    init(_ door: RecoveryTable.Door, at storage: Int32) {
        self.init(storage: storage)
        guard let unwatched = door.unwatched else { return }
        var gate = HandedGate(unwatched: unwatched, number: door.number)
        gate.isClosed = door.flags.contains(.isClosed)
        gate.isWatched = door.flags.contains(.isWatched)
        gate.isHeld = door.flags.contains(.isHeld)
        gate.missed = door.hasMissed ? Errno.resourceBusy.rawValue : 0
        gate.lastOpen = door.lastOpen
        gate.expected = door.expected.map { ExpectedOpen(thread: $0.key, number: $0.value) }
        self.gate = gate
    }
}
