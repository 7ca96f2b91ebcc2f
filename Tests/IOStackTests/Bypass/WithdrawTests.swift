import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Sees reads and has no callback for controls: the filter manager vetoes in its place while its
/// withdrawal lasts.
final class Watcher: Filter, PreReadFilter {
    let name: String
    let altitude: Altitude
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    let reads = Box(0)

    init(_ name: String = "watcher", at place: String = "300") {
        self.name = name
        altitude = IOStackTests.altitude(place)
    }

    func willRead(_ read: PreRead) -> PreOperationAnswer {
        reads.add(1)
        return .pass
    }
}

@Suite("Bypass that a filter withdraws and restores, spec 4.4")
struct WithdrawTests {
    let memory = MemoryVolume()
    let watcher = Watcher()
    let instance: FilterInstance
    var bypass: FilterInstance.Bypass { instance.bypass }
    static let reason = "Every read is watched."

    init() throws { instance = try memory.attach(watcher) }

    private func withdraw() throws {
        try bypass.withdraw(.notSupportedWithMonitoring, reason: Self.reason)
    }

    private func withdraw(from file: FileObject) throws {
        try bypass.withdraw(from: file, .notSupportedWithMonitoring, reason: Self.reason)
    }

    @Test(
        "spec 4.4: a withdrawal vetoes ENABLE and QUERY and pauses every file; a restore ends both")
    func all() throws {
        let files = try [memory.enabledFile("one"), memory.enabledFile("two")]
        let plain = try memory.file("plain")
        try withdraw()
        #expect(bypass.isWithdrawn)
        for file in files {
            #expect(file.stream.isPaused && bypass.isWithdrawn(from: file.stream))
            _ = try file.read(at: 0, length: 512)
        }
        #expect(watcher.reads.value == 2)
        for operation in [BypassIOOperation.enable, .query] {
            let verdict = try plain.bypassIO(operation).results
            #expect(verdict?.status == .notSupportedWithMonitoring)
            #expect(verdict?.driverName.string == "watcher")
            #expect(verdict?.failureReason.string == Self.reason)
        }
        #expect(try files[0].bypassIO(.streamResume).results?.driverName.string == "watcher")
        bypass.restore()
        #expect(!bypass.isWithdrawn)
        for file in files {
            #expect(!file.stream.isPaused)
            _ = try file.read(at: 0, length: 512)
        }
        #expect(watcher.reads.value == 2)
        #expect(try plain.bypassIO(.enable).results?.status == .success)
    }

    @Test("spec 4.4: files that had bypass before the filter came are taken in")
    func olderFiles() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let late = try memory.attach(Watcher("late"))
        try late.bypass.withdraw(.notSupported, reason: "New here.")
        #expect(late.bypass.files.count == 1 && file.stream.isPaused)
        try memory.manager.filterManager.detach(late)
        #expect(!file.stream.isPaused && late.bypass.files.isEmpty)
    }

    @Test("a withdrawal from one file leaves the others alone, and holds for all of its handles")
    func oneFile() throws {
        let (file, other) = (try memory.enabledFile("one"), try memory.enabledFile("two"))
        let second = try memory.volume.open("one", options: .nonCached)
        try withdraw(from: file)
        #expect(file.stream.isPaused && !other.stream.isPaused && !bypass.isWithdrawn)
        #expect(try second.query().status == .notSupportedWithMonitoring)
        #expect(try other.query().status == .success)
        bypass.restore(to: second)
        #expect(!file.stream.isPaused)
        #expect(try second.query().status == .success)
    }

    @Test("a file that is closed by everybody and opened again is withdrawn still")
    func reopened() throws {
        let file = try memory.enabledFile()
        try withdraw(from: file)
        file.close()
        let again = try memory.volume.open("data", options: .nonCached)
        #expect(again.stream !== file.stream)
        #expect(try again.bypassIO(.enable).results?.status == .notSupportedWithMonitoring)
        bypass.restore(to: file)
        #expect(try again.bypassIO(.enable).results?.status == .success)
    }

    @Test("through a closed file object the other handles of the file are paused and resumed")
    func throughClosed() throws {
        let file = try memory.enabledFile()
        let gone = try memory.volume.open("data", options: .nonCached)
        gone.close()
        try withdraw(from: gone)
        #expect(file.stream.isPaused)
        bypass.restore(to: gone)
        #expect(!file.stream.isPaused)
    }

    @Test("a file withdrawn by itself and with all others is restored when both are")
    func bothWays() throws {
        let (file, other) = (try memory.enabledFile("one"), try memory.enabledFile("two"))
        try withdraw(from: file)
        try bypass.withdraw(.notSupportedWithAuditing, reason: "All of them.")
        #expect(try file.query().status == .notSupportedWithMonitoring, "its own veto")
        #expect(try other.query().status == .notSupportedWithAuditing)
        bypass.restore()
        #expect(file.stream.isPaused && !other.stream.isPaused)
        try withdraw()
        bypass.restore(to: file)
        #expect(file.stream.isPaused && other.stream.isPaused)
        bypass.restore()
        #expect(!file.stream.isPaused && !other.stream.isPaused)
    }

    @Test("spec 4.4: an ENABLE that is past the filter is asked again and meets the veto")
    func enableUnderWay() throws {
        for isOneFile in [false, true] {
            let memory = MemoryVolume()
            let kept = Box<Kept?>(nil)
            let upper = try memory.attach(Watcher("upper"))
            try memory.attach(keeper(kept))
            let file = try memory.file()
            let enable = OwnThread { try file.bypassIO(.enable).results }
            #expect(eventually { kept.value != nil })
            if isOneFile {
                try upper.bypass.withdraw(from: file, .notSupported, reason: "Not now.")
            } else {
                try upper.bypass.withdraw(.notSupported, reason: "Not now.")
            }
            kept.value?.completePendedPreOperation(.successNoCallback)
            #expect(try enable.result()?.driverName.string == "upper")
            #expect(!file.isBypassEnabled)
            upper.bypass.restore()
            upper.bypass.restore(to: file)
            #expect(try file.bypassIO(.enable).results?.status == .success)
        }
    }

    /// Holds the first ENABLE.
    private func keeper(_ kept: Box<Kept?>) -> FilterRegistration {
        filter(
            "keeper", at: "200",
            OperationRegistration(
                .fileSystemControl,
                preOperation: { data, instance in
                    guard data.bypassIOQuestion == .enable, kept.value == nil else {
                        return .successNoCallback
                    }
                    kept.value = Kept(data, instance)
                    return .pending
                }))
    }

    @Test(
        "a drain that takes too long: the veto stands, the pause does not, and asking again works")
    func timeout() throws {
        let (file, other) = (try memory.enabledFile("one"), try memory.enabledFile("two"))
        memory.volume.drainLimit = .milliseconds(50)
        memory.disk.holdReads()
        let read = OwnThread { Array(try file.read(at: 0, length: 512)) }
        #expect(memory.disk.waitForHeldReads(1))
        #expect(failure { try withdraw() } == .ioTimeout)
        #expect(bypass.isWithdrawn && !file.stream.isPaused && other.stream.isPaused)
        #expect(try file.query().status == .notSupportedWithMonitoring)
        memory.disk.stopHoldingReads()
        _ = try read.result()
        try withdraw()
        #expect(file.stream.isPaused)
        bypass.restore()
        #expect(!file.stream.isPaused && !other.stream.isPaused)
    }

    @Test("a withdrawal that failed is given up by a restore")
    func givenUp() throws {
        let file = try memory.enabledFile()
        memory.volume.drainLimit = .milliseconds(50)
        memory.disk.holdReads()
        let read = OwnThread { Array(try file.read(at: 0, length: 512)) }
        #expect(memory.disk.waitForHeldReads(1))
        #expect(failure { try withdraw(from: file) } == .ioTimeout)
        bypass.restore(to: file)
        #expect(try file.query().status == .success)
        memory.disk.stopHoldingReads()
        _ = try read.result()
        #expect(file.stream.traditionalCause == nil)
    }

    @Test("what must not be withdrawn, and by whom")
    func refusals() throws {
        let file = try memory.enabledFile()
        let elsewhere = try MemoryVolume().enabledFile()
        #expect(failure { try bypass.withdraw(.success, reason: "No.") } == .invalidParameter3)
        #expect(failure { try bypass.withdraw(.notSupported, reason: "") } == .invalidParameter4)
        #expect(failure { try withdraw(from: elsewhere) } == .invalidParameter)
        #expect(failure { try bypass.pause(elsewhere) } == .invalidParameter)
        #expect(!bypass.isWithdrawn && !file.stream.isPaused && !elsewhere.stream.isPaused)
        try memory.manager.filterManager.detach(instance)
        #expect(failure { try withdraw() } == .fltDeletingObject)
        #expect(failure { try bypass.pause(file) } == .fltDeletingObject)
        bypass.restore()
        #expect(!bypass.isWithdrawn)
    }
}
