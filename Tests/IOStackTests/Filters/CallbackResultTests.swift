import BypassIOProtocol
import Foundation
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("What callbacks return, spec 5")
struct CallbackResultTests {
    let memory = MemoryVolume()
    let trace = Trace()

    @Test("spec 5: pre callbacks run from high to low, post callbacks from low to high")
    func order() throws {
        try memory.attach(tracer("low", at: "40000.5", trace))
        try memory.attach(tracer("high", at: "400000", trace))
        try memory.attach(tracer("middle", at: "40000.55", trace))
        let file = try memory.file()
        let bytes = try file.read(at: 0, length: 16)
        #expect(bytes == Array(pattern(8192)[..<16]))
        #expect(trace.take() == ["high>", "middle>", "low>", "low<", "middle<", "high<"])
    }

    @Test("spec 5: each kind of completion context comes back in the post callback")
    func completionContexts() throws {
        let object = Note(trace)
        let results: [PreOperationResult] = [
            .successWithCallback(.none), .successWithCallback(.value(.max)),
            .successWithCallback(.object(object)), .synchronize(.none), .synchronize(.value(7)),
            .synchronize(.object(object)),
        ]
        let next = Box(0)
        let trace = self.trace
        try memory.attach(
            filter(
                "contexts", at: "100",
                OperationRegistration(
                    .flushBuffers, preOperation: { _, _ in results[next.value] },
                    postOperation: { _, _, context in
                        switch context {
                        case .none: trace.note("none")
                        case .value(let value): trace.note("\(value)")
                        case .object(let other): trace.note(other === object ? "object" : "other")
                        }
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        for index in results.indices {
            next.value = index
            try file.flush()
        }
        #expect(trace.notes == ["none", "\(UInt64.max)", "object", "none", "7", "object"])
    }

    @Test("spec 5: SUCCESS_NO_CALLBACK leaves the post callback out")
    func noCallback() throws {
        let trace = self.trace
        try memory.attach(tracer("above", at: "300", trace, [.flushBuffers]))
        let instance = try memory.attach(
            filter(
                "silent", at: "200",
                OperationRegistration(
                    .flushBuffers, preOperation: { _, _ in .successNoCallback },
                    postOperation: { _, _, _ in
                        trace.note("silent<")
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        try file.flush()
        #expect(trace.take() == ["above>", "above<"])
        #expect(instance.callbacksRun == (1, 0))
    }

    @Test("a row with a post callback only, or a pre callback only, works alike")
    func halfRows() throws {
        let trace = self.trace
        try memory.attach(
            filter(
                "post", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    postOperation: { data, _, context in
                        if case .none = context { trace.note("post< \(data.ioStatus.status)") }
                        return .finishedProcessing
                    })))
        try memory.attach(
            filter(
                "pre", at: "100",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, _ in
                        trace.note("pre> \(data.flags.contains(.postOperation))")
                        return .successWithCallback(.value(1))
                    })))
        let file = try memory.file()
        try file.flush()
        #expect(trace.take() == ["pre> false", "post< \(NTStatus.success)"])
    }

    @Test("spec 5: COMPLETE: nothing below sees the request, only post callbacks above run")
    func complete() throws {
        let trace = self.trace
        try memory.attach(tracer("above", at: "300", trace, [.flushBuffers]))
        try memory.attach(
            filter(
                "refusing", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, _ in
                        data.fail(.diskFull, hostErrno: 28)
                        return .complete
                    },
                    postOperation: { _, _, _ in
                        trace.note("refusing<")
                        return .finishedProcessing
                    })))
        try memory.attach(tracer("below", at: "100", trace, [.flushBuffers]))
        let file = try memory.file()
        #expect(failure { try file.flush() } == .diskFull)
        #expect(trace.take() == ["above>", "above<"])
        #expect(memory.fileSystem.requestCounts.flushes == 0)
    }

    @Test("spec 5: SYNCHRONIZE runs the post callback in the thread of the pre callback")
    func synchronize() throws {
        let threads = Box<[String]>([])
        let note: @Sendable () -> Void = { threads.value += ["\(Thread.current)"] }
        try memory.attach(
            filter(
                "sync", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { _, _ in
                        note()
                        return .synchronize(.none)
                    },
                    postOperation: { _, _, _ in
                        note()
                        return .finishedProcessing
                    })))
        // A lower filter pends, and another thread completes the request.
        try memory.attach(
            filter(
                "pender", at: "100",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        _ = OwnThread {
                            data.completePendedPreOperation(instance, .successNoCallback)
                        }
                        return .pending
                    })))
        let file = try memory.file()
        try onOwnThread { try file.flush() }
        #expect(threads.value.count == 2 && threads.value[0] == threads.value[1])
    }

    @Test(
        "spec 5: PENDING: completed before and after the carrier waits, with every outcome",
        arguments: [true, false])
    func pending(isLate: Bool) throws {
        let trace = self.trace
        let outcome = Box(PreOperationResult.successNoCallback)
        let kept = Box<Kept?>(nil)
        try memory.attach(tracer("above", at: "300", trace, [.flushBuffers]))
        try memory.attach(
            filter(
                "pender", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        if isLate {
                            kept.value = Kept(data, instance)
                        } else {
                            _ = try? onOwnThread {
                                data.completePendedPreOperation(instance, outcome.value)
                            }
                        }
                        return .pending
                    },
                    postOperation: { _, _, context in
                        trace.note("pender< \(context)")
                        return .finishedProcessing
                    })))
        try memory.attach(tracer("below", at: "100", trace, [.flushBuffers]))
        let file = try memory.file()
        let run = {
            let flush = OwnThread { try file.flush() }
            if isLate {
                #expect(eventually { kept.value != nil })
                #expect(flush.isStillRunning())
                kept.value?.completePendedPreOperation(outcome.value)
                kept.value = nil
            }
            try flush.result()
        }
        try run()
        #expect(trace.take() == ["above>", "below>", "below<", "above<"])
        outcome.value = .successWithCallback(.value(5))
        try run()
        #expect(trace.take() == ["above>", "below>", "below<", "pender< value(5)", "above<"])
        outcome.value = .synchronize(.none)
        try run()
        #expect(trace.take() == ["above>", "below>", "below<", "pender< none", "above<"])
        outcome.value = .complete
        try run()
        #expect(trace.take() == ["above>", "above<"])
    }

    @Test(
        "spec 5: MORE_PROCESSING_REQUIRED keeps the request until it is handed back",
        arguments: [true, false])
    func moreProcessingRequired(isLate: Bool) throws {
        let trace = self.trace
        let kept = Box<Kept?>(nil)
        try memory.attach(tracer("above", at: "300", trace, [.flushBuffers]))
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    postOperation: { data, instance, _ in
                        trace.note("keeper<")
                        data.fail(.virusInfected)
                        if isLate {
                            kept.value = Kept(data, instance)
                        } else {
                            data.completePendedPostOperation(instance)
                        }
                        return .moreProcessingRequired
                    })))
        try memory.attach(tracer("below", at: "100", trace, [.flushBuffers]))
        let file = try memory.file()
        let flush = OwnThread { failure { try file.flush() } }
        if isLate {
            #expect(eventually { kept.value != nil })
            #expect(flush.isStillRunning())
            #expect(trace.notes == ["above>", "below>", "below<", "keeper<"])
            kept.value?.completePendedPostOperation()
        }
        #expect(try flush.result() == .virusInfected)
        #expect(trace.take() == ["above>", "below>", "below<", "keeper<", "above<"])
    }

    @Test("spec 5: two filters may keep one request after the other, on both ways")
    func keptTwice() throws {
        let upper = Box<Kept?>(nil)
        let lower = Box<Kept?>(nil)
        for (place, box) in [("200", upper), ("100", lower)] {
            try memory.attach(
                filter(
                    "keeper\(place)", at: place,
                    OperationRegistration(
                        .flushBuffers,
                        preOperation: { data, instance in
                            box.value = Kept(data, instance)
                            return .pending
                        },
                        postOperation: { data, instance, _ in
                            box.value = Kept(data, instance)
                            return .moreProcessingRequired
                        })))
        }
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        for (box, isPost) in [(upper, false), (lower, false), (lower, true), (upper, true)] {
            #expect(eventually { box.value != nil })
            let data = try #require(box.value)
            box.value = nil
            if isPost {
                data.completePendedPostOperation()
            } else {
                data.completePendedPreOperation(.successWithCallback(.none))
            }
        }
        try flush.result()
        #expect(memory.fileSystem.requestCounts.flushes == 1)
    }
}
