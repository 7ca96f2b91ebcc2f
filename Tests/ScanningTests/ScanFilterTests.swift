import BypassIOProtocol
import Dispatch
import Foundation
import IOStack
import MemoryFileSystem
import Scanning
import SystemPackage
import Testing

/// The filter on a volume in memory, with an engine that tests hold and change.
struct ScanFilterTests {
    @Test("a clean file is scanned once, opens, and bypasses")
    func clean() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        for _ in 0..<3 { #expect(volume.tryToOpen("file") == .success) }
        #expect(volume.engine.scans == 1)
        let file = try volume.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(volume.kinds() == [])
    }

    @Test("an infected file does not open for reading, by any name; it can be written and removed")
    func infected() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.evil, as: "file")
        let root = try volume.volume.open("")
        defer { root.close() }
        let own = try volume.instance.open(CreateParameters(path: "file"))
        try own.apply(.link("other", in: root))
        own.close()
        #expect(volume.tryToOpen("file") == .virusInfected)
        #expect(volume.tryToOpen("other") == .virusInfected)
        #expect(volume.engine.scans == 1)
        #expect(volume.kinds() == [.infected, .refused, .refused])
        #expect(volume.events.allSatisfy { $0.signature == "Evil" })
        let writer = try volume.open("file", .write)
        // It has bypass from nobody, and says why.
        let verdict = try writer.bypassIO(.query).results
        #expect(verdict?.status == .virusInfected && verdict?.driverName.string == "scan")
        #expect(verdict?.failureReason.string.contains("Evil") == true)
        writer.close()
        try volume.write(ScannedVolume.good, to: "file")
        #expect(volume.tryToOpen("file") == .success)
    }

    @Test("after the last writer the file is scanned, so that the next open waits for nothing")
    func afterTheLastWriter() throws {
        let volume = try ScannedVolume()
        let first = try volume.open("file", [.read, .write], .overwriteIf)
        let second = try volume.open("file", .write)
        try first.write(ScannedVolume.good, at: 0)
        first.close()
        #expect(volume.engine.scans == 0 && volume.filter.queued == 0)
        second.close()
        #expect(eventually { volume.engine.scans == 1 && volume.filter.queued == 0 })
        #expect(volume.filter.known == 1)
        #expect(volume.tryToOpen("file") == .success)
        #expect(volume.engine.scans == 1)
        try volume.write(ScannedVolume.evil, to: "file")
        #expect(eventually { volume.kinds() == [.infected] })
    }

    @Test("spec 4.4: a write pauses the stream, and a scan that finds nothing resumes it")
    func pauseAndResume() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        let reader = try volume.open("file", options: .nonCached)
        defer { reader.close() }
        #expect(try reader.bypassIO(.enable).results?.status == .success)
        let writer = try volume.open("file", .write)
        try writer.write(Array("more".utf8), at: 0)
        #expect(reader.stream.isPaused)
        let verdict = try reader.bypassIO(.query).results
        #expect(verdict?.status == .notSupportedWithMonitoring)
        writer.close()
        #expect(eventually { !reader.stream.isPaused })
        let other = try volume.open("file", .write)
        try other.write(ScannedVolume.evil, at: 0)
        other.close()
        #expect(eventually { volume.kinds().contains(.infected) })
        #expect(reader.stream.isPaused)
        #expect(reader.readAsUser() == .virusInfected)
    }

    @Test("a handle from before a change has its reads wait for a scan")
    func earlierHandle() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        let reader = try volume.open("file")
        defer { reader.close() }
        #expect(reader.readAsUser() == .success)
        // Behind the mount, and by a writer that is still there.
        try volume.store(ScannedVolume.evil, as: "file")
        #expect(reader.readAsUser() == .virusInfected)
        let writer = try volume.open("file", .write, .overwrite)
        defer { writer.close() }
        try writer.write(ScannedVolume.good, at: 0)
        #expect(reader.readAsUser() == .success)
        try writer.write(ScannedVolume.evil, at: 0)
        #expect(reader.readAsUser() == .virusInfected)
    }

    @Test("a change while a file is scanned: the verdict is not kept, and it is scanned again")
    func changedMeanwhile() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        let isFirst = Guarded(true)
        volume.engine.set { state in
            state.during = { [unowned volume] in
                guard
                    isFirst.withLock({ first in
                        defer { first = false }
                        return first
                    })
                else { return }
                try? volume.store(ScannedVolume.evil, as: "file")
            }
        }
        #expect(volume.tryToOpen("file") == .virusInfected)
        #expect(volume.engine.scans == 2)
    }

    @Test("a file that never rests is no clean file")
    func neverRests() throws {
        let volume = try ScannedVolume { $0.failure = .closed }
        try volume.store(ScannedVolume.good, as: "file")
        let count = Guarded(0)
        volume.engine.set { state in
            state.during = { [unowned volume] in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                try? volume.store(Array("good \(number)".utf8), as: "file")
            }
        }
        #expect(volume.tryToOpen("file") == .accessDenied)
        #expect(volume.filter.known == 0)
    }

    @Test("a link that leads elsewhere between verdict and open does not help")
    func swapped() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        try volume.store(ScannedVolume.evil, as: "worse")
        #expect(volume.tryToOpen("file") == .success)
        // Below the scanner, when it has let the open of the clean file pass.
        let swap = FilterRegistration(
            name: "swap", altitude: Altitude(integer: 40_000), supportedFeatures: .bypassIO,
            operations: [
                OperationRegistration(
                    .create,
                    preOperation: { data, _ in
                        guard case .create(var parameters) = data.parameters,
                            data.requestor.mode == .user
                        else { return .successNoCallback }
                        parameters.path = "worse"
                        data.parameters = .create(parameters)
                        return .successNoCallback
                    })
            ])
        _ = try volume.memory.attach(swap)
        #expect(volume.tryToOpen("file") == .virusInfected)
    }

    @Test("other signatures: files with bypass are paused, scanned again, and resumed")
    func updated() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        try volume.store(Array("WORSE".utf8), as: "bad")
        let files = try ["file", "bad"].map { name in
            let file = try volume.open(FilePath(name), options: .nonCached)
            #expect(try file.bypassIO(.enable).results?.status == .success)
            return file
        }
        defer { for file in files { file.close() } }
        volume.engine.set { state in
            state.version = "ClamAV 1/2"
            state.pattern = Array("WORSE".utf8)
        }
        #expect(eventually { volume.kinds().contains(.infected) && !files[0].stream.isPaused })
        #expect(volume.kinds().filter { $0 == .updated }.count == 1)
        #expect(files[1].stream.isPaused && files[1].readAsUser() == .virusInfected)
        #expect(files[0].readAsUser() == .success && volume.engine.scans == 4)
        volume.filter.forgetVerdicts()
        #expect(eventually { volume.engine.scans == 6 && volume.filter.queued == 0 })
    }

    @Test("attached to a volume in use: what bypasses is paused until it is found clean")
    func attachedLater() throws {
        let volume = try ScannedVolume()
        try volume.memory.manager.filterManager.detach(volume.instance)
        try volume.write(ScannedVolume.good, to: "file")
        try volume.write(ScannedVolume.evil, to: "bad")
        let files = try ["file", "bad"].map { name in
            let file = try volume.open(FilePath(name), options: .nonCached)
            #expect(try file.bypassIO(.enable).results?.status == .success)
            return file
        }
        defer { for file in files { file.close() } }
        _ = try volume.memory.manager.filterManager.attach(
            volume.instance.filter, to: volume.volume)
        #expect(eventually { volume.kinds() == [.infected] && !files[0].stream.isPaused })
        #expect(files[1].readAsUser() == .virusInfected && files[0].readAsUser() == .success)
    }
}
