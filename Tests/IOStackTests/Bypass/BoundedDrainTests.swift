import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Drains that take too long, or that nobody waits for any more")
struct BoundedDrainTests {
    let memory: MemoryVolume
    let driver = ScriptedVolumeDriver(name: "driver")
    private static let limit = Duration.milliseconds(50)

    init() {
        memory = MemoryVolume(drivers: [driver])
        memory.volume.drainLimit = Self.limit
    }

    /// A bypassed read that the disk holds.
    private func heldRead(of file: FileObject) -> OwnThread<[UInt8]> {
        memory.disk.holdReads()
        let read = OwnThread { Array(try file.read(at: 0, length: 512)) }
        #expect(memory.disk.waitForHeldReads(1))
        return read
    }

    private func expectFailure(
        _ status: NTStatus, of file: FileObject, _ operation: BypassIOOperation
    ) {
        let failure = #expect(throws: IOFailure.self) { try file.bypassIO(operation) }
        #expect(failure?.status == status)
    }

    @Test("a pause that would wait longer fails and is taken back")
    func streamPause() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        expectFailure(.ioTimeout, of: file, .streamPause)
        #expect(!file.stream.isPaused && file.stream.traditionalCause == nil)
        memory.disk.stopHoldingReads()
        #expect(try read.result().count == 512)
        _ = try file.bypassIO(.streamPause)
        #expect(file.stream.isPaused)
        _ = try file.bypassIO(.streamResume)
        #expect(!file.stream.isPaused)
    }

    @Test("a pause that fails leaves another that still drains")
    func besideAnother() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        memory.volume.drainLimit = .seconds(60)
        let (waits, thread) = (WaitRecorder.shared, Box<UInt?>(nil))
        let patient = OwnThread {
            thread.value = WaitRecorder.ownThread
            return try file.bypassIO(.streamPause)
        }
        #expect(eventually { thread.value.map { waits.isWaiting($0) } ?? false })
        memory.volume.drainLimit = Self.limit
        expectFailure(.ioTimeout, of: file, .streamPause)
        #expect(file.stream.isPaused)
        memory.disk.stopHoldingReads()
        _ = try (patient.result(), read.result())
        #expect(file.stream.isPaused)
    }

    @Test("a pause of the volume stack that would wait longer fails and is taken back")
    func volumePause() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        expectFailure(.ioTimeout, of: file, .volumeStackPause)
        #expect(!memory.volume.isStorageBypassPaused)
        memory.disk.stopHoldingReads()
        _ = try read.result()
        _ = try file.bypassIO(.volumeStackPause)
        #expect(memory.volume.isStorageBypassPaused)
    }

    @Test("a DISABLE that would wait longer disables, says so, and ends by itself")
    func disable() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        expectFailure(.ioTimeout, of: file, .disable)
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
        #expect(driver.controls == [.enable])
        memory.disk.stopHoldingReads()
        _ = try read.result()
        let driver = self.driver
        #expect(eventually { driver.controls == [.enable, .disable] })
        _ = try file.bypassIO(.enable)
        #expect(file.stream.traditionalCause == nil)
    }

    @Test("a filter that did not opt in is not attached where reads do not end")
    func attach() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        #expect(throws: NTStatus.ioTimeout) {
            try memory.attach(tracer("blocker", at: "100", Trace(), features: []))
        }
        #expect(memory.volume.instances.isEmpty)
        memory.disk.stopHoldingReads()
        _ = try read.result()
        #expect(try file.read(at: 0, length: 512).count == 512)
        #expect(file.stream.traditionalCause == nil)
    }

    @Test("a pause that nobody waits for ends at once and is taken back")
    func cancelledPause() throws {
        let file = try memory.enabledFile()
        let read = heldRead(of: file)
        memory.volume.drainLimit = .seconds(600)
        let waits = WaitRecorder.shared
        let thread = Box<UInt?>(nil)
        let pause = OwnThread {
            thread.value = WaitRecorder.ownThread
            return try file.bypassIO(.streamPause)
        }
        #expect(eventually { thread.value.map { waits.isWaiting($0) } ?? false })
        // The call's own answer tells the program, so `cancel` need not.
        let number = try #require(thread.value)
        #expect(waits.cancel(number) == false)
        let failure = #expect(throws: IOFailure.self) { _ = try pause.result() }
        #expect(failure?.status == .cancelled && failure?.errno == .interrupted)
        #expect(!file.stream.isPaused)
        memory.disk.stopHoldingReads()
        _ = try read.result()
    }
}
