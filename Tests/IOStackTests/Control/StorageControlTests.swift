import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("IOCTL_STORAGE_MANAGE_BYPASS_IO and its completion, spec 4.5")
struct StorageControlTests {
    let upper = ScriptedVolumeDriver(name: "upper")
    let lower = ScriptedVolumeDriver(name: "lower")

    @Test("spec 4.5: a driver that passed ENABLE learns that one below refused")
    func refusedBelow() throws {
        lower.veto = StorageVeto(.notSupportedWithEncryption, reason: "It is encrypted.")
        let memory = MemoryVolume(drivers: [upper, lower])
        let file = try memory.enabledFile()
        let veto = BypassVeto(
            driver: "lower", status: .notSupportedWithEncryption, reason: "It is encrypted.")
        #expect(upper.outcomes.map(\.operation) == [.enable])
        #expect(upper.outcomes.map(\.outcome) == [.vetoed(veto)])
        #expect(lower.outcomes.isEmpty, "it ended the request itself")
        lower.veto = nil
        _ = try file.bypassIO(.volumeStackResume)
        #expect(upper.outcomes.map(\.operation) == [.enable, .query, .enable])
        #expect(upper.outcomes.map(\.outcome).dropFirst() == [.agreed, .agreed])
        #expect(lower.outcomes.map(\.operation) == [.query, .enable])
    }

    @Test("spec 4.5: completions come bottom up")
    func order() throws {
        let trace = Trace()
        let drivers = ["one", "two", "three"].map { NotingDriver($0, trace) }
        let disk = MemoryDisk()
        let volume = IOManager().mount(
            MemoryFileSystem(on: disk), named: "v", volumeDrivers: drivers, storage: disk)
        try volume.open("data", access: [.read, .write], disposition: .overwriteIf).close()
        let file = try volume.open("data", options: .nonCached)
        _ = try file.bypassIO(.enable)
        #expect(trace.take() == ["one>", "two>", "three>", "three<", "two<", "one<"])
        file.close()
        #expect(trace.take() == ["one>", "two>", "three>", "three<", "two<", "one<"])
    }

    @Test("spec 4.5: a driver that fails the IOCTL refuses with its status, under its name")
    func failed() throws {
        lower.controlFailure = IOFailure(.deviceNotReady)
        let memory = MemoryVolume(drivers: [upper, lower])
        let file = try memory.enabledFile()
        #expect(memory.volume.activeBypassCount == 1)
        let answer = try file.query()
        #expect(answer.status == .deviceNotReady && answer.driverName.string == "lower")
        #expect(
            upper.outcomes.map(\.outcome)
                == [StorageControlOutcome](
                    repeating: .failed(driver: "lower", IOFailure(.deviceNotReady)), count: 2))
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1])
        let told = try file.explainBypassIO().first { $0.driver == "lower" }
        #expect(told?.veto?.status == .deviceNotReady)
        lower.controlFailure = nil
        _ = try file.bypassIO(.volumeStackResume)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1, .fullBypass: 1])
    }

    @Test("spec 4.5: DISABLE reaches those below a driver that fails it")
    func disable() throws {
        let memory = MemoryVolume(drivers: [upper, lower])
        let file = try memory.enabledFile()
        upper.controlFailure = IOFailure(.deviceNotReady)
        file.close()
        #expect(lower.controls == [.enable, .disable])
        #expect(lower.outcomes.map(\.operation) == [.enable, .disable])
        #expect(upper.outcomes.map(\.operation) == [.enable])
    }
}

private final class NotingDriver: VolumeDriver {
    let name: String
    let supportsBypassIO = true
    private let trace: Trace

    init(_ name: String, _ trace: Trace) {
        self.name = name
        self.trace = trace
    }

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        trace.note("\(name)>")
        return nil
    }

    func didManageBypassIO(_ input: StorageBypassIOInput, _ outcome: StorageControlOutcome) {
        trace.note("\(name)<")
    }

    func willTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer) {}
    func didTransfer(_ transfer: VolumeTransfer, buffer: any IOBuffer, count: Int) {}
}
