import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Completing pended requests wrongly, spec 5: an error, and nothing changes")
struct PendedCompletionTests {
    let memory = MemoryVolume()
    let kept = Box<Kept?>(nil)

    /// A filter that holds every flush, on its way down or up.
    private func keeper(
        _ name: String, at place: String, onWayUp: Bool = false
    ) -> FilterRegistration {
        let kept = self.kept
        return filter(
            name, at: place,
            OperationRegistration(
                .flushBuffers,
                preOperation: { data, instance in
                    guard !onWayUp else { return .successWithCallback(.none) }
                    kept.value = Kept(data, instance)
                    return .pending
                },
                postOperation: { data, instance, _ in
                    guard onWayUp else { return .finishedProcessing }
                    kept.value = Kept(data, instance)
                    return .moreProcessingRequired
                }))
    }

    private func takeKept() throws -> Kept {
        #expect(eventually { kept.value != nil })
        defer { kept.value = nil }
        return try #require(kept.value)
    }

    @Test("spec 5: a pended request is not completed with PENDING")
    func pending() throws {
        try memory.attach(keeper("keeper", at: "200"))
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        let mine = try takeKept()
        #expect(mine.completePendedPreOperation(.pending) == .invalidParameter)
        #expect(flush.isStillRunning())
        #expect(mine.completePendedPreOperation(.successNoCallback) == .success)
        try flush.result()
    }

    @Test(
        "spec 5: a pre operation is not completed as a post operation, nor the other way round",
        arguments: [false, true])
    func wrongKind(onWayUp: Bool) throws {
        try memory.attach(keeper("keeper", at: "200", onWayUp: onWayUp))
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        let mine = try takeKept()
        // Before the carrier waits, the manager would take a completion for an early one.
        #expect(flush.isStillRunning())
        let wrong =
            onWayUp
            ? mine.completePendedPreOperation(.complete) : mine.completePendedPostOperation()
        #expect(wrong == .fltInvalidAsynchronousRequest)
        #expect(flush.isStillRunning())
        let right =
            onWayUp
            ? mine.completePendedPostOperation()
            : mine.completePendedPreOperation(.successNoCallback)
        #expect(right == .success)
        try flush.result()
    }

    @Test("spec 5: a second completion is refused, before and after the first one counted")
    func twice() throws {
        try memory.attach(keeper("keeper", at: "200"))
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        let mine = try takeKept()
        let answers = (0..<4).map { _ in
            OwnThread { mine.completePendedPreOperation(.successNoCallback) }
        }
        let statuses = try answers.map { try $0.result() }
        #expect(statuses.count { $0 == .success } == 1)
        #expect(statuses.count { $0 == .fltInvalidAsynchronousRequest } == 3)
        try flush.result()
        #expect(
            mine.completePendedPreOperation(.successNoCallback) == .fltInvalidAsynchronousRequest)
    }

    @Test("spec 5: nobody completes what another filter keeps")
    func anothers() throws {
        try memory.attach(keeper("upper", at: "300"))
        try memory.attach(keeper("lower", at: "200"))
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        let upper = try takeKept()
        #expect(upper.completePendedPreOperation(.successNoCallback) == .success)
        let lower = try takeKept()
        // The upper filter completes again, while the lower filter holds the request.
        #expect(
            upper.completePendedPreOperation(.successNoCallback) == .fltInvalidAsynchronousRequest)
        #expect(flush.isStillRunning())
        #expect(lower.completePendedPreOperation(.successNoCallback) == .success)
        try flush.result()
    }

    @Test("a filter that completes what it does not pend is not listened to")
    func neverPended() throws {
        try memory.attach(
            filter(
                "confused", at: "300",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        data.completePendedPreOperation(instance, .complete)
                        return .successNoCallback
                    })))
        try memory.attach(keeper("keeper", at: "200"))
        let file = try memory.file()
        let flush = OwnThread { try file.flush() }
        let mine = try takeKept()
        #expect(flush.isStillRunning())
        mine.completePendedPreOperation(.successNoCallback)
        try flush.result()
        #expect(memory.fileSystem.requestCounts.flushes == 1)
    }
}
