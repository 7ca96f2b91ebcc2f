import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Read queues, filters and pauses")
struct QueueFilterTests {
    let volumeDriver = ScriptedVolumeDriver(name: "volume.sys")
    let memory: MemoryVolume

    init() {
        memory = MemoryVolume(drivers: [volumeDriver])
    }

    /// A filter that holds the reads of odd blocks, on the way down or up.
    private func keeper(_ kept: Box<[Kept]>, onWayUp: Bool) -> FilterRegistration {
        let isMine: @Sendable (CallbackData) -> Bool = { data in
            guard case .read(let offset, _) = data.parameters else { return false }
            return offset / 512 % 2 == 1
        }
        return filter(
            "keeper", at: "100",
            OperationRegistration(
                .read,
                preOperation: { data, instance in
                    guard isMine(data) else { return .successNoCallback }
                    if onWayUp { return .successWithCallback(.none) }
                    kept.value += [Kept(data, instance)]
                    return .pending
                },
                postOperation: { data, instance, _ in
                    guard onWayUp else { return .finishedProcessing }
                    kept.value += [Kept(data, instance)]
                    return .moreProcessingRequired
                }))
    }

    @Test(
        "reads that a filter keeps do not hold up the others; another thread gives them back",
        arguments: [false, true])
    func pended(onWayUp: Bool) throws {
        let memory = self.memory
        let kept = Box<[Kept]>([])
        try memory.attach(keeper(kept, onWayUp: onWayUp))
        let file = try memory.file()
        let giveBack = Box(false)
        let giver = OwnThread {
            #expect(eventually { giveBack.value })
            for data in kept.value {
                if onWayUp {
                    data.completePendedPostOperation()
                } else {
                    data.completePendedPreOperation(.successWithCallback(.none))
                }
            }
        }
        let early = try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 8, slotSize: 512)
            let queued = try queue.attach(file)
            for tag in 0..<8 {
                try queue.read(queued, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
            }
            var early: [UInt64] = []
            while early.count < 4 {
                try queue.submit(waitingFor: 1)
                while let done = queue.next() {
                    early.append(done.tag)
                    queue.release(done)
                }
            }
            #expect(queue.inFlight == 4)
            giveBack.value = true
            var late: [UInt64] = []
            while late.count < 4 {
                try queue.submit(waitingFor: 4 - late.count)
                while let done = queue.next() {
                    let expected = Array(
                        pattern(8192)[Int(done.tag) * 512..<Int(done.tag + 1) * 512])
                    #expect(queue.withBytes(of: done) { [UInt8](copying: $0) } == expected)
                    late.append(done.tag)
                    queue.release(done)
                }
            }
            #expect(late.sorted() == [1, 3, 5, 7])
            return early
        }.result()
        try giver.result()
        #expect(early.sorted() == [0, 2, 4, 6])
    }

    @Test("a close waits for reads that a filter keeps")
    func closeWithPended() throws {
        let memory = self.memory
        let kept = Box<[Kept]>([])
        try memory.attach(keeper(kept, onWayUp: false))
        let file = try memory.file()
        let closing = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            let queued = try queue.attach(file)
            try queue.read(queued, at: 512, length: 512, tag: 0)
            try queue.submit()
            queue.close()
        }
        #expect(eventually { !kept.value.isEmpty })
        #expect(closing.isStillRunning())
        for data in kept.value { data.completePendedPreOperation(.complete) }
        try closing.result()
    }

    @Test("a filter completes reads itself, changes their bytes, and moves them")
    func changes() throws {
        let memory = self.memory
        try memory.attach(
            filter(
                "changer", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { data, _ in
                        guard case .read(let offset, _) = data.parameters else {
                            return .successNoCallback
                        }
                        switch offset {
                        case 0:
                            data.buffer?.withMutableBytes(2) { span in
                                span[0] = 42
                                span[1] = 43
                            }
                            data.ioStatus = IOStatusBlock(.success, information: 2)
                            return .complete
                        case 512:
                            data.fail(.virusInfected)
                            return .complete
                        case 1024:
                            data.parameters = .read(offset: 2048, length: 256)
                            return .successNoCallback
                        case 3072:
                            data.parameters = .read(offset: 0, length: 1 << 20)
                            return .successNoCallback
                        default: return .successWithCallback(.none)
                        }
                    },
                    postOperation: { data, _, _ in
                        data.buffer?.withMutableBytes(data.ioStatus.information) { span in
                            for index in span.indices { span[index] ^= 0xFF }
                        }
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        let content = pattern(8192)
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 8, slotSize: 512)
            let queued = try queue.attach(file)
            for tag in 0..<7 where tag < 3 || tag == 6 || tag == 5 {
                try queue.read(queued, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
            }
            try queue.submit(waitingFor: 5)
            var answers: [UInt64: (NTStatus, [UInt8])] = [:]
            while let done = queue.next() {
                answers[done.tag] = (
                    done.status, queue.withBytes(of: done) { [UInt8](copying: $0) }
                )
            }
            #expect(answers[0]?.1 == [42, 43] && answers[0]?.0 == .success)
            #expect(answers[1]?.0 == .virusInfected && answers[1]?.1 == [])
            #expect(answers[2]?.1 == Array(content[2048..<2304]))
            #expect(answers[5]?.1 == content[2560..<3072].map { $0 ^ 0xFF })
            #expect(answers[6]?.0 == .invalidParameter)
        }
    }

    @Test("volume drivers see and change a queue's reads where they are not bypassed")
    func volumeDrivers() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        volumeDriver.transformReads { $0 ^ 0xFF }
        _ = try file.bypassIO(.volumeStackPause)
        let plain = Array(pattern(8192)[..<512])
        let driver = volumeDriver
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            let queued = try queue.attach(file)
            func read() throws -> (ReadRoute, [UInt8], IOFailure?) {
                try queue.read(queued, at: 0, length: 512, tag: 0)
                try queue.submit(waitingFor: 1)
                let done = try #require(queue.next())
                defer { queue.release(done) }
                return (
                    done.route, queue.withBytes(of: done) { [UInt8](copying: $0) }, done.failure
                )
            }
            #expect(try read() == (.filterBypass, plain.map { $0 ^ 0xFF }, nil))
            _ = try file.bypassIO(.streamPause)
            #expect(try read() == (.traditional, plain.map { $0 ^ 0xFF }, nil))
            _ = try file.bypassIO(.volumeStackResume)
            #expect(try read() == (.storageBypass, plain, nil))
            _ = try file.bypassIO(.streamResume)
            #expect(try read() == (.fullBypass, plain, nil))
            _ = try file.bypassIO(.volumeStackPause)
            driver.transferFailure = IOFailure(.deviceNotConnected)
            #expect(try read() == (.filterBypass, [], IOFailure(.deviceNotConnected)))
        }
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        #expect(file.stream.bypassedReadsInFlight == 0)
    }

    @Test(
        "spec 4.4: a control from the queue's own thread finishes its reads and does not hang",
        arguments: [
            BypassIOOperation.streamPause, .volumeStackPause, .disable,
        ])
    func controlFromOwnThread(operation: BypassIOOperation) throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let tags = try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 8, slotSize: 512)
            let queued = try queue.attach(file)
            for tag in 0..<8 {
                try queue.read(queued, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
                if tag == 3 { try queue.submit() }
            }
            _ = try file.bypassIO(operation)
            #expect(memory.volume.bypassedReadsInFlight.pastVolumeDrivers == 0)
            var tags: [UInt64] = []
            while let done = queue.next() { tags.append(done.tag) }
            return tags
        }.result()
        #expect(tags.sorted() == Array(0..<8))
    }

    @Test("spec 4.3: a filter that did not opt in attaches from the queue's own thread")
    func attachFromOwnThread() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            let queued = try queue.attach(file)
            try queue.read(queued, at: 0, length: 512, tag: 1)
            try memory.attach(tracer("old", at: "100", Trace(), features: []))
            #expect(memory.volume.bypassedReadsInFlight == (0, 0))
            #expect(queue.next()?.tag == 1)
        }.result()
    }

    @Test("a filter and a volume driver pause from within a queue's read without a deadlock")
    func pauseFromCallback() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let plain = try memory.file("plain")
        let pauses = Box(0)
        try memory.attach(
            filter(
                "pauser", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { _, instance in
                        _ = try? instance.bypassIO(.streamPause, on: file)
                        pauses.value += 1
                        return .successWithCallback(.none)
                    },
                    postOperation: { _, instance, _ in
                        _ = try? instance.bypassIO(.streamResume, on: file)
                        return .finishedProcessing
                    })))
        volumeDriver.onTransfer { transfer in
            guard transfer.direction == .read else { return }
            _ = try? file.bypassIO(.volumeStackPause)
            _ = try? file.bypassIO(.volumeStackResume)
        }
        let tags = try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 8, slotSize: 512)
            let enabled = try queue.attach(file)
            let traditional = try queue.attach(plain)
            for tag in 0..<8 {
                try queue.read(
                    tag % 3 == 2 ? traditional : enabled, at: 0, length: 512, tag: UInt64(tag))
            }
            var tags: [UInt64] = []
            while tags.count < 8 {
                try queue.submit(waitingFor: 1)
                while let done = queue.next() { tags.append(done.tag) }
            }
            // The same with no other read in flight.
            queue.close()
            return tags
        }.result()
        #expect(tags.sorted() == Array(0..<8) && pauses.value > 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    @Test("a pause from within a queue's read waits for another thread's read only")
    func pauseFromCallbackForAnotherThread() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let plain = try memory.file("plain")
        try memory.attach(
            filter(
                "pauser", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { _, instance in
                        _ = try? instance.bypassIO(.streamPause, on: file)
                        return .successNoCallback
                    })))
        memory.disk.holdReads()
        let held = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        // The filter holds the only read of this queue: the queue has nothing to finish.
        let queued = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            try queue.read(try queue.attach(plain), at: 0, length: 512, tag: 1)
            try queue.submit(waitingFor: 1)
            return queue.next()?.tag
        }
        #expect(eventually { file.stream.isPaused })
        #expect(queued.isStillRunning())
        memory.disk.stopHoldingReads()
        #expect(try held.result().count == 512)
        #expect(try queued.result() == 1)
    }

    @Test(
        "spec 5: a detach from the queue's own thread takes up what the filter gives back",
        arguments: [true, false])
    func detachFromOwnThread(inTeardown: Bool) throws {
        let memory = self.memory
        let kept = Box<[Kept]>([])
        var registration = keeper(kept, onWayUp: true)
        let giveBack: @Sendable () -> Void = {
            for data in kept.value { data.completePendedPostOperation() }
        }
        let isTearingDown = Box(false)
        registration.instanceTeardownStart = { _, _ in
            if inTeardown { giveBack() }
            isTearingDown.value = true
        }
        let instance = try memory.attach(registration)
        let file = try memory.file()
        let enabled = try memory.enabledFile("enabled")
        let giver = OwnThread {
            guard !inTeardown else { return }
            #expect(eventually { isTearingDown.value })
            giveBack()
        }
        let tags = try OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 4, slotSize: 512)
            let queued = try queue.attach(file)
            try queue.read(queued, at: 512, length: 512, tag: 1)
            try queue.read(try queue.attach(enabled), at: 0, length: 512, tag: 2)
            try queue.submit(waitingFor: 1)
            _ = queue.next()
            #expect(eventually { !kept.value.isEmpty })
            try memory.manager.filterManager.detach(instance)
            var tags: [UInt64] = []
            while let done = queue.next() { tags.append(done.tag) }
            return tags
        }.result()
        try giver.result()
        #expect(tags.contains(1) && !instance.isAttached)
    }
}
