import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Detaching while the instance owes post callbacks, spec 5: DRAINING")
struct DrainingTests {
    let memory = MemoryVolume()
    let trace = Trace()
    var filters: FilterManager { memory.manager.filterManager }

    /// A filter whose pre callback returns `result`, and whose post callback notes whether it
    /// drains.
    private func noter(
        _ name: String, at place: String, _ result: PreOperationResult
    ) -> FilterRegistration {
        let trace = self.trace
        return filter(
            name, at: place,
            OperationRegistration(
                .read, preOperation: { _, _ in result },
                postOperation: { data, _, context in
                    let kind = data.isDraining ? "draining" : "post"
                    trace.note("\(name) \(kind) \(context) \(data.ioStatus.status)")
                    return .finishedProcessing
                }))
    }

    @Test("spec 5: a detach calls the post callbacks it owes and does not wait for the requests")
    func drained() throws {
        let instance = try memory.attach(noter("going", at: "200", .successWithCallback(.value(7))))
        try memory.attach(noter("staying", at: "300", .successWithCallback(.none)))
        let file = try memory.file()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        try filters.detach(instance)
        let cleanUp = "going draining value(7) \(NTStatus.fltPostOperationCleanup)"
        #expect(trace.take() == [cleanUp])
        memory.disk.stopHoldingReads()
        #expect(try read.result() == Array(pattern(8192)[..<512]))
        #expect(trace.take() == ["staying post none \(NTStatus.success)"])
        #expect(instance.callbacksRun == (1, 1))
    }

    @Test("spec 5: the draining callback gets a copy: no data, and changes reach nobody")
    func copy() throws {
        let seen = Box<CallbackData?>(nil)
        let drained = Box<CallbackData?>(nil)
        let instance = try memory.attach(
            filter(
                "going", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { data, _ in
                        seen.value = data
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, _, _ in
                        drained.value = data
                        data.fail(.virusInfected)
                        return .moreProcessingRequired
                    })))
        let file = try memory.file()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 1024, length: 512).count }
        #expect(memory.disk.waitForHeldReads(1))
        try filters.detach(instance)
        let copy = try #require(drained.value)
        #expect(copy !== seen.value && copy.fileObject === file && copy.buffer == nil)
        #expect(copy.flags == [.draining, .postOperation] && copy.majorFunction == .read)
        guard case .read(1024, 512) = copy.parameters else {
            Issue.record("not the request's parameters: \(copy.parameters)")
            return
        }
        memory.disk.stopHoldingReads()
        #expect(try read.result() == 512)
    }

    @Test("spec 5: a request passed with SYNCHRONIZE is waited for: its thread calls back")
    func synchronized() throws {
        let instance = try memory.attach(noter("sync", at: "200", .synchronize(.none)))
        let file = try memory.file()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let filters = self.filters
        let detach = OwnThread { try filters.detach(instance) }
        #expect(detach.isStillRunning())
        memory.disk.stopHoldingReads()
        _ = try read.result()
        try detach.result()
        #expect(trace.take() == ["sync post none \(NTStatus.success)"])
    }

    @Test("bypass comes back from a detach whose callback hangs, when nobody waits for it any more")
    func forgone() throws {
        let isInside = Box(false)
        let mayGoOn = Box(false)
        let instance = try memory.attach(
            filter(
                "blocker", at: "200", features: [],
                OperationRegistration(
                    .read,
                    preOperation: { _, _ in
                        isInside.value = true
                        #expect(eventually { mayGoOn.value })
                        return .successNoCallback
                    })))
        filters.forgo(instance)
        #expect(memory.volume.isFilterAttachBlocked, "an attached instance keeps its say")
        let file = try memory.file()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(eventually { isInside.value })
        let filters = self.filters
        let detach = OwnThread { try filters.detach(instance) }
        #expect(eventually { !instance.isAttached })
        #expect(memory.volume.isFilterAttachBlocked && instance.requestsWithin == 1)
        filters.forgo(instance)
        #expect(!memory.volume.isFilterAttachBlocked && detach.isStillRunning())
        #expect(try file.bypassIO(.enable).results?.status == .success)
        mayGoOn.value = true
        _ = try read.result()
        try detach.result()
        #expect(!memory.volume.isFilterAttachBlocked)
    }

    @Test("spec 5: a pre callback under way when the detach drains has its post callback drained")
    func underWay() throws {
        let trace = self.trace
        let isInside = Box(false)
        let mayGoOn = Box(false)
        var registration = filter(
            "going", at: "200",
            OperationRegistration(
                .read,
                preOperation: { _, _ in
                    isInside.value = true
                    #expect(eventually { mayGoOn.value })
                    return .successWithCallback(.value(1))
                },
                postOperation: { data, _, context in
                    trace.note("post \(data.isDraining) \(context)")
                    return .finishedProcessing
                }))
        registration.instanceTeardownStart = { _, _ in trace.note("start") }
        registration.instanceTeardownComplete = { _, _ in trace.note("complete") }
        let instance = try memory.attach(registration)
        let file = try memory.file()
        let read = OwnThread { try file.read(at: 0, length: 512).count }
        #expect(eventually { isInside.value })
        let filters = self.filters
        let detach = OwnThread { try filters.detach(instance) }
        #expect(eventually { trace.notes == ["start"] })
        #expect(detach.isStillRunning())
        mayGoOn.value = true
        #expect(try read.result() == 512)
        try detach.result()
        #expect(trace.take() == ["start", "post true value(1)", "complete"])
    }

    @Test("spec 5: a queue's reads are drained as others are")
    func queued() throws {
        let memory = self.memory
        let instance = try memory.attach(noter("going", at: "200", .successWithCallback(.none)))
        let file = try memory.file()
        let filters = self.filters
        memory.disk.holdReads()
        let counts = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            defer { queue.close() }
            let member = try queue.attach(file)
            for tag in 0..<2 {
                try queue.read(member, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
            }
            try queue.submit(waitingFor: 2)
            return [queue.next(), queue.next()].map { $0?.count }
        }
        #expect(memory.disk.waitForHeldReads(2))
        try filters.detach(instance)
        #expect(trace.take().count == 2)
        memory.disk.stopHoldingReads()
        #expect(try counts.result() == [512, 512])
        #expect(trace.take().isEmpty)
    }

    @Test("spec 5: each promised post callback runs once, however a detach meets the requests")
    func onceEach() throws {
        let memory = self.memory
        let file = try memory.file()
        let (before, after) = (Box(0), Box(0))
        let counter = try filters.register(
            filter(
                "counter", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { _, _ in
                        before.add(1)
                        return .successWithCallback(.none)
                    },
                    postOperation: { _, _, _ in
                        after.add(1)
                        return .finishedProcessing
                    })))
        let isDone = Box(false)
        let readers = (0..<3).map { number in
            OwnThread {
                let buffer = HeapBuffer(capacity: 512)
                while !isDone.value {
                    _ = try file.read(at: UInt64(number) * 512, length: 512, into: buffer)
                }
            }
        }
        var odd = 0
        for _ in 0..<500 {
            let seen = before.value
            let instance = try filters.attach(counter, to: memory.volume)
            #expect(eventually { before.value > seen })
            try filters.detach(instance)
            if before.value != after.value { odd += 1 }
        }
        isDone.value = true
        for reader in readers { try reader.result() }
        #expect(odd == 0)
    }
}
