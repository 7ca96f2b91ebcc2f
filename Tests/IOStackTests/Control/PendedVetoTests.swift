import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Vetoes of requests that filters keep, spec 4.3")
struct PendedVetoTests {
    let memory = MemoryVolume()

    /// A filter that holds every ENABLE and QUERY.
    private func keeper(
        _ name: String, at place: String, _ kept: Box<Kept?>
    ) -> FilterRegistration {
        filter(
            name, at: place,
            OperationRegistration(
                .fileSystemControl,
                preOperation: { data, instance in
                    guard data.bypassIOQuestion != nil else { return .successNoCallback }
                    kept.value = Kept(data, instance)
                    return .pending
                }))
    }

    @Test(
        "spec 4.3: a filter vetoes a request that it kept, from another thread",
        arguments: [BypassIOOperation.enable, .query])
    func pended(operation: BypassIOOperation) throws {
        let kept = Box<Kept?>(nil)
        try memory.attach(keeper("watch.sys", at: "200", kept))
        let file = try memory.file()
        let request = OwnThread { try file.bypassIO(operation).results }
        #expect(eventually { kept.value != nil })
        let mine = try #require(kept.value)
        let answer = mine.data.vetoBypassIO(
            mine.instance, status: .notSupportedWithMonitoring, reason: "Watched.")
        #expect(answer == .success)
        mine.completePendedPreOperation(.complete)
        let results = try #require(try request.result())
        #expect(results.status == .notSupportedWithMonitoring)
        #expect(results.driverName.string == "watch.sys")
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 4.3: two filters veto two ENABLEs of one file at once, each in its own place")
    func twoAtOnce() throws {
        let (upper, lower) = (Box<Kept?>(nil), Box<Kept?>(nil))
        try memory.attach(keeper("upper", at: "300", upper))
        try memory.attach(keeper("lower", at: "200", lower))
        let file = try memory.file()
        let first = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { upper.value != nil })
        upper.value?.completePendedPreOperation(.successNoCallback)
        #expect(eventually { lower.value != nil })
        upper.value = nil
        let second = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { upper.value != nil })
        let vetoes = [
            (lower, NTStatus.notSupportedWithSnapshot), (upper, .notSupportedWithAuditing),
        ]
        let threads = try vetoes.map { box, status in
            let mine = try #require(box.value)
            return OwnThread {
                mine.data.vetoBypassIO(mine.instance, status: status, reason: "No.")
                mine.completePendedPreOperation(.complete)
            }
        }
        for thread in threads { try thread.result() }
        #expect(try first.result()?.driverName.string == "lower")
        #expect(try second.result()?.driverName.string == "upper")
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
    }

    @Test("spec 5: a teardown gives what it keeps back with a veto, which counts")
    func teardown() throws {
        let kept = Box<Kept?>(nil)
        var registration = keeper("going", at: "200", kept)
        registration.instanceTeardownStart = { instance, _ in
            let data = kept.value?.data
            data?.vetoBypassIO(instance, status: .notSupportedWithMonitoring, reason: "Gone.")
            data?.completePendedPreOperation(instance, .complete)
        }
        let instance = try memory.attach(registration)
        let file = try memory.file()
        let enable = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { kept.value != nil })
        try memory.manager.filterManager.detach(instance)
        #expect(try enable.result()?.status == .notSupportedWithMonitoring)
        #expect(try file.bypassIO(.enable).results?.status == .success)
    }
}
