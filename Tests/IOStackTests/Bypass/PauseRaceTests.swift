import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Synchronization
import SystemPackage
import Testing

/// A volume driver that calls a function once, while it answers a QUERY.
private final class InterruptingDriver: VolumeDriver {
    let name = "interrupting"
    let supportsBypassIO = true
    let onQuery = Guarded<(@Sendable () -> Void)?>(nil)
    let queries = Atomic(0)

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? {
        guard input.operation == .query else { return nil }
        queries.wrappingAdd(1, ordering: .relaxed)
        onQuery.withLock { $0.take() }?()
        return nil
    }

    func willTransfer(_: VolumeTransfer, buffer: any IOBuffer) throws(IOFailure) {}
    func didTransfer(_: VolumeTransfer, buffer: any IOBuffer, count: Int) throws(IOFailure) {}
}

@Suite("Pauses that meet, spec 4.4")
struct PauseRaceTests {
    @Test("spec 4.4: a pause that comes while a resume asks is asked about again")
    func pauseDuringStreamResume() throws {
        let memory = MemoryVolume()
        let kept = Box<Kept?>(nil)
        let queries = Box(0)
        let file = try memory.enabledFile()
        try memory.attach(
            filter(
                "slow", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == .query else { return .successNoCallback }
                        queries.value += 1
                        if queries.value == 1 {
                            kept.value = Kept(data, instance)
                            return .pending
                        }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithMonitoring, reason: "Now it is.")
                        return .complete
                    })))
        _ = try file.bypassIO(.streamPause)
        let resume = OwnThread { try file.bypassIO(.streamResume) }
        #expect(eventually { kept.value != nil })
        // The second pauser starts to veto and then pauses; the QUERY under way does not know the
        // veto yet.
        _ = try OwnThread { try file.bypassIO(.streamPause) }.result()
        kept.value?.completePendedPreOperation(.successNoCallback)
        let answer = try resume.result()
        #expect(answer.results?.status == .notSupportedWithMonitoring)
        #expect(answer.flags == .streamBypassPaused)
        #expect(file.stream.isPaused && queries.value == 2)
    }

    @Test("spec 4.4: a resume whose own handle is closed meanwhile asks through another")
    func resumeOutlivesItsHandle() throws {
        let memory = MemoryVolume()
        let kept = Box<Kept?>(nil)
        let file = try memory.enabledFile()
        let other = try memory.enabledFile()
        let isFirst = Box(true)
        try memory.attach(
            filter(
                "slow", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == nil, isFirst.value,
                            data.bypassIOInput?.operation == .streamResume
                        else { return .successNoCallback }
                        isFirst.value = false
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        _ = try file.bypassIO(.streamPause)
        let resume = OwnThread { try file.bypassIO(.streamResume) }
        #expect(eventually { kept.value != nil })
        file.close()
        kept.value?.completePendedPreOperation(.successNoCallback)
        #expect(try resume.result().results?.status == .success)
        #expect(!other.stream.isPaused)
    }

    @Test(
        "spec 4.4: a volume pause that comes while a resume asks the drivers is asked about again")
    func pauseDuringVolumeResume() throws {
        let driver = InterruptingDriver()
        let disk = MemoryDisk()
        let manager = IOManager()
        let volume = manager.mount(
            MemoryFileSystem(on: disk), named: "v", volumeDrivers: [driver], storage: disk)
        let root = try volume.open("")
        _ = try root.bypassIO(.volumeStackPause)
        driver.onQuery.withLock { action in
            action = { _ = try? root.bypassIO(.volumeStackPause) }
        }
        let answer = try OwnThread { try root.bypassIO(.volumeStackResume) }.result()
        #expect(answer.results == BypassIOResults() && answer.flags == [])
        #expect(driver.queries.load(ordering: .relaxed) == 2)
    }

    @Test("spec 4.4: several pauses and a DISABLE wait for the same reads, each returns")
    func concurrentDrains() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let other = try memory.volume.open("data", options: .nonCached)
        _ = try other.bypassIO(.enable)
        memory.disk.holdReads()
        let reads = [file, other].map { file in
            OwnThread { try file.read(at: 0, length: 512) }
        }
        #expect(memory.disk.waitForHeldReads(2))
        let controls = [
            BypassIOOperation.streamPause, .streamPause, .volumeStackPause, .disable,
        ].map { operation in OwnThread { try file.bypassIO(operation).operation } }
        #expect(
            eventually {
                file.stream.isPaused && memory.volume.isStorageBypassPaused
                    && !file.isBypassEnabled
            })
        memory.disk.releaseOldest()
        for control in controls { #expect(control.isStillRunning()) }
        memory.disk.stopHoldingReads()
        for control in controls { _ = try control.result() }
        for read in reads { #expect(try read.result().count == 512) }
        // The other file object still has bypass enabled, so the pause stays in force.
        #expect(file.stream.isPaused && memory.volume.activeBypassCount == 1)
    }

    @Test("a read that begins while another handle's DISABLE drains goes the traditional way")
    func readDuringDisable() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let other = try memory.volume.open("data", options: .nonCached)
        _ = try other.bypassIO(.enable)
        memory.disk.holdReads()
        let held = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let disable = OwnThread { try file.bypassIO(.disable).operation }
        #expect(eventually { !file.isBypassEnabled })
        #expect(disable.isStillRunning())
        let late = OwnThread { try other.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(2))
        #expect(other.causes == [.settling: 1] && other.routes == [.traditional: 1])
        // The DISABLE does not wait for that read.
        memory.disk.releaseOldest()
        _ = try disable.result()
        memory.disk.stopHoldingReads()
        _ = try late.result()
        _ = try held.result()
        _ = try other.read(at: 0, length: 512)
        #expect(other.routes == [.traditional: 1, .fullBypass: 1])
    }
}
