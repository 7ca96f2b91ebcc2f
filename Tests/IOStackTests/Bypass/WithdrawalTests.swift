import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Two filters. The upper follows the recipe of spec 4.4 when a test asks it to; the lower holds
/// the first ENABLE that the upper let pass.
private final class Withdrawal: Sendable {
    let veto = Box<(NTStatus, String)?>(nil)
    let kept = Box<Kept?>(nil)
    /// For each ENABLE that the upper filter saw: whether the manager had sent it again.
    let seen = Box<[Bool]>([])
    let memory = MemoryVolume()
    let upper: FilterInstance

    init() throws {
        let (veto, kept, seen) = (veto, kept, seen)
        upper = try memory.attach(
            filter(
                "upper", at: "300",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard let question = data.bypassIOQuestion else {
                            return .successNoCallback
                        }
                        if question == .enable {
                            seen.change { $0.append(data.flags.contains(.reissued)) }
                        }
                        guard let (status, reason) = veto.value else { return .successNoCallback }
                        data.vetoBypassIO(instance, status: status, reason: reason)
                        return .complete
                    })))
        try memory.attach(
            filter(
                "lower", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == .enable, kept.value == nil else {
                            return .successNoCallback
                        }
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
    }

    /// Starts an ENABLE that has passed the upper filter and has not reached the file system.
    func enable(_ file: FileObject) -> OwnThread<BypassIOResults?> {
        let enable = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { self.kept.value != nil })
        return enable
    }

    func vetoFromNowOn() { veto.value = (.notSupportedWithMonitoring, "From now on.") }

    func letGo() { kept.value?.completePendedPreOperation(.successNoCallback) }
}

@Suite("Bypass that is withdrawn from an ENABLE under way, spec 4.4")
struct WithdrawalTests {
    @Test("spec 4.4: veto, STREAM_PAUSE, change: an ENABLE under way meets the veto")
    func pause() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        stage.vetoFromNowOn()
        _ = try stage.upper.bypassIO(.streamPause, on: file)
        stage.letGo()
        let verdict = try enable.result()
        #expect(verdict?.status == .notSupportedWithMonitoring)
        #expect(verdict?.driverName.string == "upper")
        #expect(!file.isBypassEnabled && stage.memory.volume.activeBypassCount == 0)
        #expect(stage.seen.value == [false, true])
    }

    @Test("spec 4.4: a pause that the last DISABLE ended counts like one in force")
    func endedPause() throws {
        let stage = try Withdrawal()
        stage.kept.value = nil
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        let other = try stage.memory.volume.open("data", options: .nonCached)
        _ = try other.bypassIO(.enable)
        stage.vetoFromNowOn()
        _ = try stage.upper.bypassIO(.streamPause, on: file)
        #expect(file.stream.isPaused)
        _ = try other.bypassIO(.disable)
        #expect(!file.stream.isPaused)
        stage.letGo()
        #expect(try enable.result()?.status == .notSupportedWithMonitoring)
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 4.3: a filter that changes its mind by a DISABLE stops the ENABLE under way, too")
    func disable() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        stage.vetoFromNowOn()
        _ = try file.bypassIO(.disable)
        stage.letGo()
        #expect(try enable.result()?.status == .notSupportedWithMonitoring)
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 4.4: a resume in between: the ENABLE asks again and is let past")
    func resume() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        stage.vetoFromNowOn()
        _ = try stage.upper.bypassIO(.streamPause, on: file)
        stage.veto.value = nil
        _ = try file.bypassIO(.streamResume)
        stage.letGo()
        #expect(try enable.result()?.status == .success)
        #expect(file.isBypassEnabled && stage.seen.value == [false, true])
        #expect(stage.memory.volume.activeBypassCount == 1)
    }

    @Test("a filter that withdraws from all files stops the ENABLEs of files that nobody paused")
    func pauseOfAll() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        let other = try stage.memory.enabledFile("other")
        stage.vetoFromNowOn()
        try stage.upper.pauseBypass()
        #expect(other.stream.isPaused)
        stage.letGo()
        #expect(try enable.result()?.status == .notSupportedWithMonitoring)
        stage.veto.value = nil
        stage.upper.resumeBypass()
        #expect(!other.stream.isPaused && !file.isBypassEnabled)
    }

    @Test("a pause of another file leaves the ENABLE alone")
    func otherFile() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let enable = stage.enable(file)
        let other = try stage.memory.file("other")
        _ = try stage.upper.bypassIO(.streamPause, on: other)
        _ = try other.bypassIO(.disable)
        stage.letGo()
        #expect(try enable.result()?.status == .success)
        #expect(stage.seen.value == [false])
    }

    @Test("an ENABLE that begins below an instance is asked again from there")
    func fromBelow() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let upper = stage.upper
        let enable = OwnThread { try upper.bypassIO(.enable, on: file).results }
        #expect(eventually { stage.kept.value != nil })
        let again = Box<[Bool]>([])
        let middle = try stage.memory.attach(
            filter(
                "middle", at: "250",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == .enable else { return .successNoCallback }
                        again.change { $0.append(data.flags.contains(.reissued)) }
                        data.vetoBypassIO(instance, status: .notSupported, reason: "New here.")
                        return .complete
                    })))
        _ = try middle.bypassIO(.streamPause, on: file)
        stage.letGo()
        #expect(try enable.result()?.driverName.string == "middle")
        #expect(again.value == [true] && stage.seen.value == [] && !file.isBypassEnabled)
    }

    @Test("a kernel read is not granted past a filter that withdrew meanwhile")
    func kernelReads() throws {
        let stage = try Withdrawal()
        let file = try stage.memory.file()
        let grant = OwnThread { () -> BypassVeto? in
            do throws(BypassVeto) {
                _ = try file.grantKernelReads()
                return nil
            } catch {
                return error
            }
        }
        #expect(eventually { stage.kept.value != nil })
        stage.vetoFromNowOn()
        _ = try stage.upper.bypassIO(.streamPause, on: file)
        stage.letGo()
        #expect(try grant.result()?.driver == "upper")
        #expect(!file.isBypassEnabled && !file.hasKernelReads)
    }

    @Test("who withdraws at every ENABLE ends it with STATUS_RETRY, and keeps nobody for ever")
    func withoutEnd() throws {
        let memory = MemoryVolume()
        let enables = Box(0)
        let verdicts = Box<Set<NTStatus?>>([])
        try memory.attach(
            filter(
                "restless", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == .enable, let file = data.fileObject else {
                            return .successNoCallback
                        }
                        enables.add(1)
                        _ = try? instance.bypassIO(.streamPause, on: file)
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, _, _ in
                        verdicts.change { $0.insert(data.bypassIOVerdict?.status) }
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        let verdict = try file.bypassIO(.enable).results
        #expect(verdict?.status == .retry && verdict?.driverName.string == "memfs")
        #expect(verdicts.value == [.retry] && enables.value == 64)
        #expect(!file.isBypassEnabled && !file.stream.mayHaveBypass)
    }
}
