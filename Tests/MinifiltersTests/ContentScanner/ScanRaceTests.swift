import BypassIOProtocol
import Dispatch
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct ScanRaceTests {
    private let scanned: ScannedVolume
    private var memory: MemoryVolume { scanned.memory }

    init() throws {
        scanned = try ScannedVolume()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
    }

    @Test func aWriteDuringTheScanDoesNotLeaveTheFileClean() throws {
        let (file, writer) = (try memory.open("data"), try memory.open("data"))
        defer {
            file.close()
            writer.close()
        }
        memory.disk.holdReads()
        let enable = BackgroundCall { try? file.verdict(.enable) }
        #expect(memory.disk.waitForHeldReads(1))
        try writer.write([66], at: 0)
        memory.disk.stopHoldingReads()
        let answer = try #require(enable.wait())
        #expect(answer?.status == .notSupportedWithMonitoring)
        #expect(scanned.verdict(on: file) == .unknown)
        #expect(!file.isBypassEnabled)
    }

    @Test func aScanDuringAWriteDoesNotMakeTheFileClean() throws {
        let (file, writer) = (try memory.open("data"), try memory.open("data"))
        defer {
            file.close()
            writer.close()
        }
        let (arrived, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        scanned.driver.onTransfer { transfer in
            guard transfer.direction == .write else { return }
            arrived.signal()
            released.wait()
        }
        let write = BackgroundCall { (try? writer.write(ScannedVolume.evil, at: 0)) != nil }
        #expect(arrived.wait(timeout: .now() + .seconds(30)) == .success)
        #expect(try file.verdict(.enable).status == .notSupportedWithMonitoring)
        #expect(scanned.verdict(on: file) == .unknown)
        released.signal()
        #expect(write.wait() == true)
        #expect(try file.verdict(.enable).status == .virusInfected)
    }

    @Test func aScanThatFindsWhatIsBeingOverwrittenDoesNotCondemnTheFile() throws {
        try memory.make("bad", ScannedVolume.evil)
        let (file, writer) = (try memory.open("bad"), try memory.open("bad"))
        defer {
            file.close()
            writer.close()
        }
        let (arrived, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        scanned.driver.onTransfer { transfer in
            guard transfer.direction == .write else { return }
            arrived.signal()
            released.wait()
        }
        let write = BackgroundCall { (try? writer.write(Array("good!".utf8), at: 0)) != nil }
        #expect(arrived.wait(timeout: .now() + .seconds(30)) == .success)
        #expect(try file.verdict(.enable).status == .virusInfected, "as the file is now")
        #expect(throws: IOFailure(.virusInfected)) { try file.read(at: 0, length: 5) }
        released.signal()
        #expect(write.wait() == true)
        #expect(try file.verdict(.enable).status == .success)
    }

    /// A writer switches the file between clean and infected, and readers enable and resume: no
    /// bypassed read sees the signature.
    @Test("spec 4.4: no bypassed read sees what the scanner did not")
    func bypassedReadsNeverSeeTheSignature() throws {
        let memory = self.memory
        let isStopped = Flag()
        let clean = [UInt8](repeating: 65, count: 5)
        let readers = try (0..<3).map { _ in
            let file = try memory.open("data")
            return BackgroundCall { () -> (leaks: Int, bypassed: UInt64) in
                var leaks = 0
                while !isStopped.isSet {
                    _ = try? file.bypassIO(.enable)
                    _ = try? file.bypassIO(.streamResume)
                    for _ in 0..<10 {
                        let bytes = (try? file.read(at: 0, length: 5)) ?? clean
                        if bytes == ScannedVolume.evil { leaks += 1 }
                    }
                    _ = try? file.bypassIO(.disable)
                }
                file.close()
                return (leaks, file.reads(.fullBypass))
            }
        }
        let writers = try (0..<2).map { _ in
            let file = try memory.open("data")
            return BackgroundCall { () -> Bool in
                defer { file.close() }
                for round in 0..<300 {
                    let bytes = round.isMultiple(of: 2) ? ScannedVolume.evil : clean
                    guard (try? file.write(bytes, at: 0)) != nil else { return false }
                }
                return (try? file.write(clean, at: 0)) != nil
            }
        }
        #expect(writers.allSatisfy { $0.wait() == true })
        isStopped.set()
        let outcomes = readers.compactMap { $0.wait() }
        #expect(outcomes.count == 3)
        #expect(outcomes.allSatisfy { $0.leaks == 0 })
    }

    @Test func changesThatMeetADetachDoNotCountTwice() throws {
        let memory = self.memory
        let isStopped = Flag()
        let writers = try (0..<2).map { _ in
            let file = try memory.open("data")
            return BackgroundCall {
                while !isStopped.isSet { _ = try? file.write([65], at: 0) }
                file.close()
            }
        }
        let manager = memory.manager.filterManager
        var instance = scanned.instance
        for _ in 0..<200 {
            try manager.detach(instance)
            instance = try manager.attach(scanned.instance.filter, to: memory.volume)
        }
        isStopped.set()
        #expect(writers.allSatisfy { $0.wait() != nil })
        let file = try memory.openBypassed("data")
        defer { file.close() }
        #expect(ContentScanner.verdict(on: file.stream, by: instance) == .clean)
    }
}
