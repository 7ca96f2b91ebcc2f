import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// A filter that swaps buffers: the storage holds every byte inverted.
@Suite struct SwappedBufferTests {
    let memory = MemoryVolume()

    private final class Swapped: Sendable {
        let buffer: any IOBuffer
        init(_ buffer: any IOBuffer) { self.buffer = buffer }
    }

    private static func invert(_ count: Int, from: any IOBuffer, to: any IOBuffer) {
        from.withBytes(count) { source in
            to.withMutableBytes(count) { target in
                for index in target.indices { target[index] = ~source[index] }
            }
        }
    }

    private var inverter: FilterRegistration {
        let pre: PreOperationCallback = { data, instance in
            guard let theirs = data.buffer,
                let mine = try? instance.volume.makeBuffer(capacity: theirs.capacity)
            else { return .successNoCallback }
            if case .write(_, let length) = data.parameters {
                Self.invert(length, from: theirs, to: mine)
            }
            data.buffer = mine
            return .successWithCallback(.object(Swapped(mine)))
        }
        let post: PostOperationCallback = { data, _, context in
            guard case .object(let object) = context, let mine = object as? Swapped,
                let theirs = data.buffer
            else { return .finishedProcessing }
            #expect(theirs !== mine.buffer)
            if case .read = data.parameters, data.ioStatus.status.isSuccess {
                Self.invert(data.ioStatus.information, from: mine.buffer, to: theirs)
            }
            return .finishedProcessing
        }
        return filter(
            "inverter", at: "200",
            OperationRegistration(.read, preOperation: pre, postOperation: post),
            OperationRegistration(.write, preOperation: pre, postOperation: post))
    }

    /// A filter that notes the first byte of each read's buffer on the way up.
    private func noter(
        _ name: String, at place: String, _ firsts: Box<[UInt8]>
    ) -> FilterRegistration {
        filter(
            name, at: place,
            OperationRegistration(
                .read,
                postOperation: { data, _, _ in
                    firsts.value += [data.buffer?.withBytes(1) { $0[0] } ?? 0]
                    return .finishedProcessing
                }))
    }

    @Test("who is above sees the program's buffer, who is below the filter's")
    func readsAndWrites() throws {
        let (above, below) = (Box<[UInt8]>([]), Box<[UInt8]>([]))
        try memory.attach(noter("above", at: "300", above))
        try memory.attach(noter("below", at: "100", below))
        let inverting = try memory.attach(inverter)
        let content = pattern(1024)
        let file = try memory.file("data", content)
        #expect(try file.read(at: 0, length: 1024) == content)
        #expect(above.value == [content[0]] && below.value == [~content[0]])
        try memory.manager.filterManager.detach(inverting)
        #expect(try file.read(at: 0, length: 1024) == content.map { ~$0 })
    }

    @Test("the reads of a queue go to the filter's buffer, too")
    func queue() throws {
        try memory.attach(inverter)
        let content = pattern(4096)
        let file = try memory.file("data", content)
        let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 4096)
        let queued = try queue.attach(file)
        try queue.read(queued, at: 0, length: 4096, tag: 1)
        try queue.submit(waitingFor: 1)
        let done = try #require(queue.next())
        #expect(queue.withBytes(of: done) { [UInt8](copying: $0) } == content)
        queue.release(done)
        queue.close()
    }

    @Test("a detach waits for a request whose buffer the filter swapped")
    func detachWaits() throws {
        let memory = self.memory
        let inverting = try memory.attach(inverter)
        let content = pattern(512)
        let file = try memory.file("data", content)
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let detach = OwnThread { try memory.manager.filterManager.detach(inverting) }
        #expect(eventually { !inverting.isAttached })
        #expect(detach.isStillRunning())
        memory.disk.stopHoldingReads()
        #expect(try read.result() == content)
        try detach.result()
    }

    @Test("what a pre callback changes of the parameters is undone on the way up")
    func parameters() throws {
        let seen = Box<[Int]>([])
        let note: PostOperationCallback = { data, _, _ in
            if case .read(_, let length) = data.parameters { seen.value += [length] }
            return .finishedProcessing
        }
        let cut: @Sendable (Int) -> PreOperationCallback = { to in
            { data, _ in
                if case .read(let offset, _) = data.parameters {
                    data.parameters = .read(offset: offset, length: to)
                }
                return .successWithCallback(.none)
            }
        }
        try memory.attach(
            filter("top", at: "400", OperationRegistration(.read, postOperation: note)))
        try memory.attach(
            filter(
                "first", at: "300",
                OperationRegistration(.read, preOperation: cut(300), postOperation: note)))
        try memory.attach(
            filter("silent", at: "250", OperationRegistration(.read, preOperation: cut(200))))
        try memory.attach(
            filter("bottom", at: "100", OperationRegistration(.read, postOperation: note)))
        let file = try memory.file(options: [])
        #expect(try file.read(at: 0, length: 512).count == 200)
        #expect(seen.value == [200, 512, 512])
    }

    @Test("a request without data gets no buffer, and a post callback swaps none")
    func noBuffer() throws {
        let had = Box<[Bool]>([])
        let swap: @Sendable (CallbackData, FilterInstance) -> Void = { data, instance in
            data.buffer = try? instance.volume.makeBuffer(capacity: 512)
            had.value += [data.buffer != nil]
        }
        try memory.attach(
            filter(
                "swapper", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        swap(data, instance)
                        return .successNoCallback
                    })))
        let file = try memory.file()
        try file.flush()
        #expect(had.value == [false])
    }
}
