import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("What a restore resumes and what it does not, spec 4.4")
struct RestoreTests {
    let memory = MemoryVolume()
    let upper: FilterInstance
    let lower: FilterInstance
    var filters: FilterManager { memory.manager.filterManager }

    init() throws {
        upper = try memory.attach(Watcher("upper", at: "300"))
        lower = try memory.attach(Watcher("lower", at: "200"))
    }

    private func withdraw(_ instance: FilterInstance) throws {
        try instance.bypass.withdraw(.notSupported, reason: "By \(instance.name).")
    }

    @Test("a restore resumes what the instance paused, and leaves what others paused")
    func exactly() throws {
        let (mine, others) = (try memory.enabledFile("mine"), try memory.enabledFile("others"))
        _ = try others.bypassIO(.streamPause)
        try upper.bypass.withdraw(from: mine, .notSupported, reason: "It is mine.")
        upper.bypass.restore(to: mine)
        upper.bypass.restore()
        #expect(!mine.stream.isPaused && others.stream.isPaused)
        try filters.detach(upper)
        #expect(others.stream.isPaused)
    }

    @Test(
        "spec 4.4: each of two filters keeps the files paused while it has a reason",
        arguments: 0..<4)
    func twoFilters(order: Int) throws {
        let file = try memory.enabledFile()
        let (first, second) = order.isMultiple(of: 2) ? (upper, lower) : (lower, upper)
        try withdraw(first)
        try withdraw(second)
        let (soonest, last) = order < 2 ? (first, second) : (second, first)
        soonest.bypass.restore()
        #expect(file.stream.isPaused)
        last.bypass.restore()
        #expect(!file.stream.isPaused)
    }

    @Test("a resume that a withdrawal refused is made up for by its restore")
    func refusedResume() throws {
        let file = try memory.enabledFile()
        _ = try lower.bypassIO(.streamPause, on: file)
        memory.volume.drainLimit = .milliseconds(50)
        try withdraw(upper)
        #expect(try file.bypassIO(.streamResume).results?.driverName.string == "upper")
        upper.bypass.restore()
        #expect(!file.stream.isPaused)
    }

    @Test("a detach lets go of all that the instance withdrew, before its teardown is complete")
    func detach() throws {
        let file = try memory.enabledFile()
        let wasPaused = Box<Bool?>(nil)
        var registration = filter("going", at: "100")
        registration.instanceTeardownComplete = { _, _ in wasPaused.value = file.stream.isPaused }
        let going = try memory.attach(registration)
        try withdraw(going)
        try going.bypass.withdraw(from: file, .notSupported, reason: "This one, too.")
        try filters.detach(going)
        #expect(wasPaused.value == false && !file.stream.isPaused)
        #expect(try file.query().status == .success)
    }

    @Test("a detach leaves a file paused that another filter has something against")
    func detachOfOne() throws {
        let file = try memory.enabledFile()
        try withdraw(upper)
        try withdraw(lower)
        try filters.detach(lower)
        #expect(file.stream.isPaused)
        upper.bypass.restore()
        #expect(!file.stream.isPaused)
    }

    @Test("a pause without a veto: anybody's resume asks the filter, its own and its detach end it")
    func pause() throws {
        let file = try memory.enabledFile()
        try upper.bypass.pause(file)
        #expect(file.stream.isPaused)
        _ = try file.bypassIO(.streamResume)
        #expect(!file.stream.isPaused)
        try upper.bypass.pause(file)
        upper.bypass.resume(file)
        #expect(!file.stream.isPaused)
        try upper.bypass.pause()
        upper.bypass.resume()
        #expect(!file.stream.isPaused)
        try upper.bypass.pause(file)
        try filters.detach(upper)
        #expect(!file.stream.isPaused)
    }

    @Test("a pause through a file object that is gone is refused while somebody has bypass")
    func pauseThroughClosed() throws {
        let file = try memory.enabledFile()
        let gone = try memory.volume.open("data", options: .nonCached)
        gone.close()
        #expect(failure { try upper.bypass.pause(gone) } == .fileClosed)
        #expect(!file.stream.isPaused)
        _ = try file.bypassIO(.disable)
        try upper.bypass.pause(gone)
    }

    @Test("a filter withdraws from within a write, and restores after it")
    func fromCallback() throws {
        let file = try memory.enabledFile()
        let wasReady = Box<[Bool]>([])
        try memory.attach(
            filter(
                "rewriter", at: "100",
                OperationRegistration(
                    .write,
                    preOperation: { data, instance in
                        guard let file = data.fileObject else { return .successNoCallback }
                        do throws(IOFailure) {
                            try instance.bypass.withdraw(
                                from: file, .notSupported, reason: "It is being written.")
                        } catch {
                            data.fail(error.status)
                            return .complete
                        }
                        wasReady.change { $0.append(file.stream.isPaused) }
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, instance, _ in
                        if let file = data.fileObject { instance.bypass.restore(to: file) }
                        return .finishedProcessing
                    })))
        let writer = try memory.volume.open("data", access: .write, options: .nonCached)
        try writer.write(pattern(512), at: 0)
        #expect(wasReady.value == [true] && !file.stream.isPaused)
        #expect(file.isBypassEnabled && file.traditionalCause == nil)
    }
}
