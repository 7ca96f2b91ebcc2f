import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Drains that somebody makes needless, and waits on a queue's own thread")
struct DrainTests {
    let memory = MemoryVolume()

    @Test("spec 4.4: a pause that is resumed while it drains returns, though reads go on")
    func resumedPause() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let streamPause = OwnThread { try file.bypassIO(.streamPause) }
        let volumePause = OwnThread { try file.bypassIO(.volumeStackPause) }
        #expect(eventually { file.stream.isPaused && memory.volume.isStorageBypassPaused })
        #expect(streamPause.isStillRunning() && volumePause.isStillRunning())
        _ = try file.bypassIO(.streamResume)
        _ = try file.bypassIO(.volumeStackResume)
        _ = try streamPause.result()
        _ = try volumePause.result()
        #expect(!read.isFinished)
        memory.disk.stopHoldingReads()
        #expect(try read.result().count == 512)
    }

    @Test("spec 4.4: a pause waits for the reads of a handle whose DISABLE waits for them, too")
    func pauseBesideLastDisable() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let before = OwnThread { try file.bypassIO(.streamPause) }
        #expect(eventually { file.stream.isPaused })
        let disable = OwnThread { try file.bypassIO(.disable) }
        #expect(eventually { !file.isBypassEnabled && !file.stream.isPaused })
        let after = OwnThread { try file.bypassIO(.streamPause) }
        #expect(before.isStillRunning() && after.isStillRunning() && !disable.isFinished)
        memory.disk.stopHoldingReads()
        _ = try (before.result(), after.result(), disable.result(), read.result())
        #expect(!file.stream.isPaused && file.stream.traditionalCause == nil)
    }

    @Test("spec 4.5: drivers are told DISABLE when no read skips them, whoever was the last")
    func toldAfterTheLastRead() throws {
        let driver = ScriptedVolumeDriver(name: "driver")
        let memory = MemoryVolume(drivers: [driver])
        let file = try memory.enabledFile("read")
        let dropped = Box<FileObject?>(try memory.enabledFile("dropped"))
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let disable = OwnThread { try file.bypassIO(.disable) }
        #expect(eventually { memory.volume.activeBypassCount == 1 })
        // The last reference drops on another thread, with no read of its own to wait for.
        let drop = OwnThread { dropped.value = nil }
        #expect(eventually { memory.volume.activeBypassCount == 0 })
        #expect(drop.isStillRunning())
        #expect(driver.controls == [.enable])
        memory.disk.stopHoldingReads()
        _ = try (disable.result(), drop.result(), read.result())
        #expect(driver.controls == [.enable, .disable])
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    @Test("A request that a filter keeps does not keep the reads of its thread's queue")
    func keptRequestBesideReads() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let writer = try memory.volume.open("data", access: [.read, .write])
        let pended = Box<Kept?>(nil)
        try memory.attach(
            filter(
                "pender", at: "100",
                OperationRegistration(
                    .write,
                    preOperation: { data, instance in
                        pended.value = Kept(data, instance)
                        return .pending
                    })))
        let carrier = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            defer { queue.close() }
            let member = try queue.attach(file)
            try queue.read(member, at: 0, length: 512, tag: 1)
            try queue.submit()
            try writer.write([1, 2, 3, 4], at: 0)
            try queue.submit(waitingFor: 1)
            return queue.next()?.tag
        }
        #expect(eventually { pended.value != nil })
        // The read of the carrier's queue is in flight until the carrier takes it.
        _ = try file.bypassIO(.streamPause)
        #expect(file.stream.bypassedReadsInFlight == 0)
        pended.value?.completePendedPreOperation(.successNoCallback)
        #expect(try carrier.result() == 1)
    }

    @Test("A queue that is dropped with reads in flight lets a callback pause their file")
    func pauseWhileQueueEnds() throws {
        let memory = self.memory
        let bypassed = try memory.enabledFile("bypassed")
        let traditional = try memory.file("traditional")
        try memory.attach(
            filter(
                "pauser", at: "100",
                OperationRegistration(
                    .read,
                    postOperation: { _, instance, _ in
                        _ = try? instance.bypassIO(.streamPause, on: bypassed)
                        return .finishedProcessing
                    })))
        let paused = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 4, slotSize: 512)
            let members = (try queue.attach(traditional), try queue.attach(bypassed))
            try queue.read(members.0, at: 0, length: 512, tag: 0)
            try queue.read(members.1, at: 0, length: 512, tag: 1)
            try queue.submit()
        }
        try paused.result()
        #expect(bypassed.stream.isPaused)
        #expect(bypassed.stream.bypassedReadsInFlight == 0)
    }

    @Test("A detach from within a resumed callback finds the other reads that were given back")
    func detachFromResumedRead() throws {
        let memory = self.memory
        let file = try memory.file()
        let kept = Box<[Kept]>([])
        let keeper = try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { data, instance in
                        kept.value += [Kept(data, instance)]
                        return .pending
                    })))
        let isFirst = Box(true)
        try memory.attach(
            filter(
                "detacher", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { _, _ in
                        guard isFirst.value else { return .successNoCallback }
                        isFirst.value = false
                        _ = failure { try memory.manager.filterManager.detach(keeper) }
                        return .successNoCallback
                    })))
        let carrier = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            defer { queue.close() }
            let member = try queue.attach(file)
            try queue.read(member, at: 0, length: 512, tag: 1)
            try queue.read(member, at: 512, length: 512, tag: 2)
            for data in kept.value { data.completePendedPreOperation(.successNoCallback) }
            try queue.submit(waitingFor: 2)
            return Set([queue.next(), queue.next()].compactMap(\.?.tag))
        }
        #expect(try carrier.result() == [1, 2])
        #expect(!keeper.isAttached)
    }

    @Test("Releasing a completion twice leaves the slot's next read alone; a stale file is refused")
    func staleValues() throws {
        let memory = self.memory
        let file = try memory.file()
        try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 1, slotSize: 512)
            defer { queue.close() }
            let member = try queue.attach(file)
            func readOnce(_ tag: UInt64) throws -> ReadCompletion? {
                try queue.read(member, at: 0, length: 512, tag: tag)
                try queue.submit(waitingFor: 1)
                return queue.next()
            }
            let first = try #require(try readOnce(1))
            queue.release(first)
            let second = try #require(try readOnce(2))
            queue.release(first)
            #expect(!queue.hasFreeSlot)
            #expect(queue.withBytes(of: second) { $0.count } == 512)
            queue.release(second)
            try queue.detach(member)
            _ = try queue.attach(file)
            #expect(
                failure { try queue.read(member, at: 0, length: 512, tag: 3) }
                    == .invalidParameter)
            queue.close()
            #expect(failure { try queue.attach(file) } == .invalidParameter)
        }.result()
    }
}
