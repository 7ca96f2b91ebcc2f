import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("A finished request is used again by its thread, unless somebody could tell")
struct ReusedRequestTests {
    let memory = MemoryVolume()
    let kept = Box<[Kept]>([])

    private static func offset(of data: CallbackData) -> UInt64? {
        guard case .read(let offset, _) = data.parameters else { return nil }
        return offset
    }

    @Test("requests that a filter holds on to stay what they were")
    func held() throws {
        let kept = self.kept
        try memory.attach(
            filter(
                "holder", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { data, instance in
                        kept.value.append(Kept(data, instance))
                        return .successNoCallback
                    })))
        let file = try memory.file()
        for offset in 0..<4 { _ = try file.read(at: UInt64(offset), length: 1) }
        #expect(Set(kept.value.map { ObjectIdentifier($0.data) }).count == 4)
        #expect(kept.value.map { Self.offset(of: $0.data) } == [0, 1, 2, 3])
        file.close()
    }

    @Test("requests of a queue that a filter holds on to stay what they were")
    func heldOfQueue() throws {
        let kept = self.kept
        try memory.attach(
            filter(
                "holder", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { data, instance in
                        kept.value.append(Kept(data, instance))
                        return .successNoCallback
                    })))
        let file = try memory.file()
        let queue = try ReadQueue(memory.volume, depth: 1, slotSize: 512)
        let queued = try queue.attach(file)
        for offset in 0..<4 {
            try queue.read(queued, at: UInt64(offset), length: 1, tag: 0)
            try queue.submit(waitingFor: 1)
            let done = try #require(queue.next())
            queue.release(done)
        }
        queue.close()
        #expect(Set(kept.value.map { ObjectIdentifier($0.data) }).count == 4)
        #expect(kept.value.map { Self.offset(of: $0.data) } == [0, 1, 2, 3])
        file.close()
    }

    @Test("a request that a callback sends is another than the one it was called for")
    func nested() throws {
        let trace = Trace()
        try memory.attach(
            filter(
                "nesting", at: "200",
                OperationRegistration(
                    .read,
                    preOperation: { data, instance in
                        let before = Self.offset(of: data)
                        if let file = data.fileObject, before ?? 0 > 0 {
                            _ = try? file.read(at: 0, length: 1)
                        }
                        trace.note("\(before ?? 99) \(Self.offset(of: data) ?? 99)")
                        return .successWithCallback(.value(before ?? 99))
                    },
                    postOperation: { data, _, context in
                        guard case .value(let before) = context else { return .finishedProcessing }
                        trace.note("\(before) after \(Self.offset(of: data) ?? 99)")
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        for _ in 0..<3 {
            #expect(try file.read(at: 7, length: 2).count == 2)
            #expect(trace.take() == ["0 0", "0 after 0", "7 7", "7 after 7"])
        }
        file.close()
    }

    @Test("what came too early for one request counts for no later one")
    func earlyCompletion() throws {
        let trace = Trace()
        let pends = Box(false)
        let kept = self.kept
        try memory.attach(
            filter(
                "hasty", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        guard pends.value else {
                            // The filter completes and then does not pend: the manager ignores the
                            // completion.
                            data.completePendedPreOperation(instance, .complete)
                            trace.note("hasty")
                            return .successNoCallback
                        }
                        kept.value.append(Kept(data, instance))
                        return .pending
                    })))
        let file = try memory.file()
        let flushes = OwnThread {
            try file.flush()
            pends.value = true
            try file.flush()
            trace.note("flushed")
        }
        #expect(eventually { !kept.value.isEmpty })
        #expect(flushes.isStillRunning())
        #expect(trace.notes == ["hasty"])
        let mine = try #require(kept.value.first)
        #expect(mine.completePendedPreOperation(.successNoCallback) == .success)
        try flushes.result()
        #expect(trace.notes == ["hasty", "flushed"])
        file.close()
    }

    @Test("a late completion of a pended request does nothing to those after it")
    func lateCompletion() throws {
        let kept = self.kept
        let count = Box(0)
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        count.add(1)
                        kept.value.append(Kept(data, instance))
                        return .pending
                    })))
        let file = try memory.file()
        let flushes = OwnThread {
            try file.flush()
            try file.flush()
        }
        #expect(eventually { kept.value.count == 1 })
        let first = try #require(kept.value.first)
        #expect(first.completePendedPreOperation(.successNoCallback) == .success)
        #expect(eventually { kept.value.count == 2 })
        #expect(
            first.completePendedPreOperation(.successNoCallback) == .fltInvalidAsynchronousRequest)
        #expect(flushes.isStillRunning())
        #expect(kept.value[1].completePendedPreOperation(.successNoCallback) == .success)
        try flushes.result()
        file.close()
    }

    @Test("a filter sees the first request after its attach, and none after its detach")
    func attachAndDetach() throws {
        let trace = Trace()
        let file = try memory.file()
        _ = try file.read(at: 0, length: 1)
        #expect(!memory.volume.isFiltered(.read))
        let instance = try memory.attach(tracer("late", at: "200", trace))
        #expect(memory.volume.isFiltered(.read))
        #expect(!memory.volume.isFiltered(.write))
        _ = try file.read(at: 0, length: 1)
        #expect(trace.take() == ["late>", "late<"])
        try memory.manager.filterManager.detach(instance)
        #expect(!memory.volume.isFiltered(.read))
        _ = try file.read(at: 0, length: 1)
        #expect(trace.notes == [])
        file.close()
    }
}
