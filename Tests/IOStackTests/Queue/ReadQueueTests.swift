import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Read queues")
struct ReadQueueTests {
    let memory = MemoryVolume()

    @Test("many reads of several files come back by tag, with the right bytes")
    func manyReads() throws {
        let memory = self.memory
        let contents = (0..<3).map { pattern(16384, seed: UInt8($0 * 50)) }
        let files = try (0..<3).map { number in
            number == 1
                ? try memory.file("f\(number)", contents[number])
                : try memory.enabledFile("f\(number)", contents[number])
        }
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 16, slotSize: 1024)
            #expect(queue.depth == 16 && queue.slotSize == 1024 && queue.inFlight == 0)
            #expect(queue.engineSummary == "memory")
            let queued = try files.map { try queue.attach($0) }
            var open: Set<UInt64> = []
            var next: UInt64 = 0
            let total: UInt64 = 300
            while next < total || !open.isEmpty {
                while next < total, queue.hasFreeSlot {
                    let offset = (next % 16) * 1000
                    try queue.read(queued[Int(next % 3)], at: offset, length: 1000, tag: next)
                    open.insert(next)
                    next += 1
                }
                try queue.submit(waitingFor: 1)
                while let done = queue.next() {
                    #expect(open.remove(done.tag) != nil && done.failure == nil)
                    let offset = Int(done.tag % 16) * 1000
                    let expected = Array(contents[Int(done.tag % 3)][offset..<offset + 1000])
                    #expect(queue.withBytes(of: done) { [UInt8](copying: $0) } == expected)
                    #expect(done.route == (done.tag % 3 == 1 ? .traditional : .fullBypass))
                    queue.release(done)
                }
            }
            #expect(queue.inFlight == 0)
            queue.close()
        }
        #expect(files[0].routes == [.fullBypass: 100])
        #expect(files[1].routes == [.traditional: 100])
    }

    @Test("completions may come in any order", arguments: [true, false])
    func order(isReversed: Bool) throws {
        let memory = self.memory
        memory.disk.completionOrder = isReversed ? .lastInFirstOut : .firstInFirstOut
        let file = try memory.enabledFile()
        let tags = try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 4, slotSize: 512)
            let queued = try queue.attach(file)
            for tag in 0..<4 {
                try queue.read(queued, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
            }
            try queue.submit(waitingFor: 4)
            var tags: [UInt64] = []
            while let done = queue.next() {
                let first = queue.withBytes(of: done) { $0[0] }
                #expect(first == pattern(8192)[Int(done.tag) * 512])
                tags.append(done.tag)
            }
            return tags
        }
        #expect(tags == (isReversed ? [3, 2, 1, 0] : [0, 1, 2, 3]))
    }

    @Test("a queue refuses what does not fit and goes on")
    func refusals() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let foreign = try MemoryVolume().file()
        let root = try memory.volume.open("")
        let writer = try memory.volume.open("data", access: .write)
        let closed = try memory.volume.open("data")
        closed.close()
        try onOwnThread {
            #expect(
                failure { try ReadQueue(memory.volume, depth: 0, slotSize: 1) } == .invalidParameter
            )
            #expect(
                failure { try ReadQueue(memory.volume, depth: 1, slotSize: 0) } == .invalidParameter
            )
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512, fileLimit: 2)
            #expect(failure { try queue.attach(foreign) } == .invalidParameter)
            #expect(failure { try queue.attach(root) } == .fileIsADirectory)
            #expect(failure { try queue.attach(writer) } == .accessDenied)
            #expect(failure { try queue.attach(closed) } == .fileClosed)
            let queued = try queue.attach(file)
            let second = try queue.attach(file)
            #expect(failure { try queue.attach(file) } == .insufficientResources)
            for (offset, length) in [(UInt64(0), 513), (0, -1), (1 << 63, 512)] {
                #expect(
                    failure { try queue.read(queued, at: offset, length: length, tag: 0) }
                        == .invalidParameter)
            }
            try queue.read(queued, at: 0, length: 512, tag: 1)
            try queue.read(queued, at: 512, length: 512, tag: 2)
            #expect(!queue.hasFreeSlot)
            #expect(
                failure { try queue.read(queued, at: 0, length: 512, tag: 3) }
                    == .insufficientResources)
            #expect(failure { try queue.detach(queued) } == .sharingViolation)
            try queue.detach(second)
            #expect(failure { try queue.detach(second) } == .invalidParameter)
            #expect(
                failure { try queue.read(second, at: 0, length: 1, tag: 0) } == .invalidParameter)
            try queue.submit(waitingFor: 2)
            let first = try #require(queue.next())
            let last = try #require(queue.next())
            #expect(queue.next() == nil)
            #expect(
                failure { try queue.read(queued, at: 0, length: 1, tag: 0) }
                    == .insufficientResources)
            queue.release(first)
            queue.release(first)
            try queue.read(queued, at: 0, length: 512, tag: 4)
            #expect(!queue.hasFreeSlot)
            queue.release(last)
            #expect(queue.hasFreeSlot)
            queue.close()
            queue.close()
        }
    }

    @Test("errors come in the completion, for bypassed and traditional reads")
    func errors() throws {
        let memory = self.memory
        let bypassed = try memory.enabledFile()
        let plain = try memory.file("plain")
        memory.disk.readErrno = 5
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            for file in [bypassed, plain] {
                try queue.read(try queue.attach(file), at: 0, length: 512, tag: 7)
            }
            try queue.submit(waitingFor: 2)
            for _ in 0..<2 {
                let done = try #require(queue.next())
                #expect(
                    done.failure == IOFailure(errno: .ioError) && done.count == 0 && done.tag == 7)
            }
        }
        #expect(bypassed.stream.bypassedReadsInFlight == 0)
    }

    @Test("a close of the file object leaves the queue's reads failing, not hanging")
    func closedFile() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 512)
            let queued = try queue.attach(file)
            file.close()
            // The handle is closed; the file object stays until the queue releases it.
            #expect(memory.fileSystem.requestCounts.closes == 1)
            try queue.read(queued, at: 0, length: 512, tag: 0)
            let done = try #require(queue.next())
            #expect(done.status == .fileClosed && done.route == .traditional)
            queue.release(done)
            try queue.detach(queued)
            #expect(memory.fileSystem.requestCounts.closes == 2)
            #expect(memory.disk.openHandles == 0)
        }
    }

    @Test("a close with reads in flight waits for them")
    func closeWithReadsInFlight() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let closing = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 4, slotSize: 512)
            let queued = try queue.attach(file)
            for tag in 0..<3 {
                try queue.read(queued, at: UInt64(tag) * 512, length: 512, tag: UInt64(tag))
            }
            try queue.submit()
            queue.close()
            return queue.inFlight
        }
        #expect(memory.disk.waitForHeldReads(3))
        #expect(closing.isStillRunning())
        memory.disk.stopHoldingReads()
        #expect(try closing.result() == 0)
        #expect(file.stream.bypassedReadsInFlight == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    @Test("a queue that is dropped closes itself and lets its files go")
    func drop() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 4, slotSize: 512)
            try queue.read(try queue.attach(file), at: 0, length: 512, tag: 0)
            try queue.submit()
        }
        file.close()
        #expect(memory.fileSystem.requestCounts.closes == 2)
        #expect(memory.volume.activeBypassCount == 0)
    }

    @Test("a place that was detached is taken again, for another file")
    func reuse() throws {
        let memory = self.memory
        let one = try memory.enabledFile("one", pattern(512, seed: 1))
        let two = try memory.enabledFile("two", pattern(512, seed: 2))
        try onOwnThread {
            let queue = try ReadQueue(memory.volume, depth: 1, slotSize: 512, fileLimit: 1)
            for round in 0..<20 {
                let file = round % 2 == 0 ? one : two
                let queued = try queue.attach(file)
                try queue.read(queued, at: 0, length: 512, tag: UInt64(round))
                try queue.submit(waitingFor: 1)
                let done = try #require(queue.next())
                #expect(done.tag == UInt64(round))
                #expect(
                    queue.withBytes(of: done) { [UInt8](copying: $0) }
                        == pattern(512, seed: round % 2 == 0 ? 1 : 2))
                queue.release(done)
                try queue.detach(queued)
            }
        }
    }
}
