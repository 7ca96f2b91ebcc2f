import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Requests that are cancelled while a filter keeps them (FltSetCancelCompletion)")
struct CancelledRequestTests {
    let memory = MemoryVolume()
    let trace = Trace()
    let kept = Box<Kept?>(nil)
    let told = Box(0)

    /// Holds every flush; with a handler, releases it when the request is cancelled.
    private func attachKeeper(withHandler: Bool, onWayUp: Bool = false) throws {
        let (kept, told) = (kept, told)
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        guard !onWayUp else { return .successWithCallback(.none) }
                        if withHandler {
                            let status = data.setCancelHandler(instance) {
                                told.add(1)
                                kept.value?.completePendedPreOperation(.complete)
                            }
                            #expect(status == .success)
                        }
                        kept.value = Kept(data, instance)
                        return .pending
                    },
                    postOperation: { data, instance, _ in
                        guard onWayUp else { return .finishedProcessing }
                        kept.value = Kept(data, instance)
                        return .moreProcessingRequired
                    })))
        try memory.attach(tracer("below", at: "100", trace, [.flushBuffers]))
    }

    /// Starts a flush that waits; returns it and the thread on which it waits.
    private func waitingFlush() throws -> (flush: OwnThread<Void>, thread: UInt) {
        let file = try memory.file()
        let thread = Box<UInt?>(nil)
        _ = WaitRecorder.shared
        let flush = OwnThread {
            thread.value = WaitRecorder.ownThread
            try file.flush()
        }
        let waits = eventually { [kept] in
            let isKept = kept.value != nil
            return isKept && thread.value.map { WaitRecorder.shared.isWaiting($0) } ?? false
        }
        #expect(waits)
        return (flush, try #require(thread.value))
    }

    private func expectCancelled(_ flush: OwnThread<Void>) {
        let failure = #expect(throws: IOFailure.self) { try flush.result() }
        #expect(failure?.status == .cancelled && failure?.errno == .interrupted)
        #expect(trace.notes.isEmpty, "it went further down")
    }

    @Test("the filter is told, once, and the request ends when it gives it back")
    func handler() throws {
        try attachKeeper(withHandler: true)
        let (flush, thread) = try waitingFlush()
        #expect(WaitRecorder.shared.cancel(thread) == true)
        expectCancelled(flush)
        #expect(told.value == 1)
        let mine = try #require(kept.value)
        #expect(mine.data.isCancelled)
        // A later completion is harmless.
        #expect(mine.completePendedPreOperation(.complete) == .fltInvalidAsynchronousRequest)
    }

    @Test("a filter that did not ask to be told may look, and what it answers is of no account")
    func withoutHandler() throws {
        try attachKeeper(withHandler: false)
        let (flush, thread) = try waitingFlush()
        let mine = try #require(kept.value)
        #expect(!mine.data.isCancelled)
        #expect(WaitRecorder.shared.cancel(thread) == true)
        #expect(mine.data.isCancelled)
        #expect(flush.isStillRunning())
        #expect(mine.data.setCancelHandler(mine.instance) {} == .cancelled)
        #expect(mine.completePendedPreOperation(.successNoCallback) == .success)
        expectCancelled(flush)
    }

    @Test("what a request did on its way down is not taken back: it is not cancelled on its way up")
    func onWayUp() throws {
        try attachKeeper(withHandler: false, onWayUp: true)
        let file = try memory.file()
        let thread = Box<UInt?>(nil)
        _ = WaitRecorder.shared
        let flush = OwnThread {
            thread.value = WaitRecorder.ownThread
            try file.flush()
        }
        let isKept = eventually { [kept] in kept.value.map { _ in true } ?? false }
        #expect(isKept)
        #expect(flush.isStillRunning())
        let number = try #require(thread.value)
        #expect(WaitRecorder.shared.cancel(number) == nil)
        let mine = try #require(kept.value)
        #expect(mine.completePendedPostOperation() == .success)
        try flush.result()
    }

    @Test("a handler is not called for a request that came back")
    func afterwards() throws {
        try attachKeeper(withHandler: true)
        let (flush, thread) = try waitingFlush()
        let mine = try #require(kept.value)
        #expect(mine.completePendedPreOperation(.successNoCallback) == .success)
        try flush.result()
        #expect(WaitRecorder.shared.cancel(thread) == nil)
        #expect(told.value == 0)
        #expect(trace.notes == ["below>", "below<"])
    }
}
