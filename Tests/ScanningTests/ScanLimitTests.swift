import BypassIOProtocol
import Dispatch
import IOStack
import MemoryFileSystem
import Scanning
import SystemPackage
import Testing

/// What has no verdict.
struct ScanLimitTests {
    @Test("nobody to ask: files open or do not, as was said, and it recovers by itself")
    func away() throws {
        for failure in ScanSettings.Otherwise.allCases {
            let volume = try ScannedVolume { $0.failure = failure }
            try volume.store(ScannedVolume.good, as: "known")
            try volume.store(ScannedVolume.good, as: "file")
            #expect(volume.tryToOpen("known") == .success)
            volume.engine.set { $0.fault = .away("nobody is there") }
            let expected: NTStatus = failure == .open ? .success : .accessDenied
            #expect(volume.tryToOpen("file") == expected)
            #expect(eventually { volume.filter.away != nil })
            // What was scanned stays known, and nothing waits for what is not there.
            #expect(volume.tryToOpen("known") == .success)
            let scans = volume.engine.scans
            #expect(volume.tryToOpen("file") == expected && volume.engine.scans == scans)
            let writer = try volume.open("file", .write)
            let verdict = try writer.bypassIO(.query).results
            #expect(verdict?.status == .notSupportedWithMonitoring)
            writer.close()
            volume.engine.set { $0.fault = nil }
            #expect(eventually { volume.filter.away == nil })
            #expect(eventually { volume.kinds().contains(.back) })
            #expect(volume.tryToOpen("file") == .success)
            #expect(volume.filter.known == 2)
        }
    }

    @Test("an engine that hangs holds an open for as long as was said, and no longer")
    func hangs() throws {
        for failure in ScanSettings.Otherwise.allCases {
            let volume = try ScannedVolume { settings in
                settings.failure = failure
                settings.patience = .seconds(1)
            }
            try volume.store(ScannedVolume.evil, as: "file")
            volume.engine.set { $0.isHeld = true }
            #expect(volume.tryToOpen("file") == (failure == .open ? .success : .accessDenied))
            #expect(volume.kinds() == [.unscanned] && volume.filter.waiting == 0)
            volume.engine.set { $0.isHeld = false }
            // The scan went on, and the next open has its verdict.
            #expect(eventually { volume.filter.queued == 0 })
            #expect(volume.tryToOpen("file") == .virusInfected && volume.engine.scans == 1)
        }
    }

    @Test("opens of one file wait for one scan")
    func together() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        volume.engine.set { $0.isHeld = true }
        let done = DispatchGroup()
        for _ in 0..<8 {
            DispatchQueue(label: "opener").async(group: done) {
                #expect(volume.tryToOpen("file") == .success)
            }
        }
        #expect(eventually { volume.filter.waiting == 8 })
        #expect(volume.filter.queued == 1)
        volume.engine.set { $0.isHeld = false }
        #expect(done.wait(timeout: .now() + .seconds(30)) == .success)
        #expect(volume.engine.scans == 1)
    }

    @Test("a detach lets go of what waits")
    func detach() throws {
        let volume = try ScannedVolume()
        try volume.store(ScannedVolume.good, as: "file")
        volume.engine.set { $0.isHeld = true }
        let done = DispatchGroup()
        DispatchQueue(label: "opener").async(group: done) {
            #expect(volume.tryToOpen("file") == .success)
        }
        #expect(eventually { volume.filter.waiting == 1 })
        try volume.memory.manager.filterManager.detach(volume.instance)
        #expect(done.wait(timeout: .now() + .seconds(30)) == .success)
        #expect(volume.filter.queued == 0 && volume.kinds() == [])
        #expect(!volume.volume.hasOpenFiles)
    }

    @Test("a file that is too large, or past a limit of the engine's, is never clean in silence")
    func large() throws {
        for large in ScanSettings.Otherwise.allCases {
            let volume = try ScannedVolume { settings in
                settings.largest = 100
                settings.large = large
            }
            try volume.store([UInt8](repeating: 65, count: 101), as: "large")
            try volume.store([UInt8](repeating: 65, count: 100), as: "small")
            #expect(volume.tryToOpen("small") == .success && volume.engine.scans == 1)
            #expect(volume.tryToOpen("large") == (large == .open ? .success : .accessDenied))
            #expect(volume.kinds() == [.unscanned] && volume.engine.scans == 1)
            let file = try volume.open("large", .write)
            defer { file.close() }
            let verdict = try file.bypassIO(.enable).results
            #expect(verdict?.status == .notSupportedWithMonitoring)
            #expect(verdict?.failureReason.string.contains("maxsize") == true)
        }
    }

    @Test("an error of the engine is no verdict, and is not kept")
    func failed() throws {
        let volume = try ScannedVolume { $0.failure = .closed }
        try volume.store(ScannedVolume.good, as: "file")
        volume.engine.set { $0.fault = .failed("garbage") }
        #expect(volume.tryToOpen("file") == .accessDenied)
        #expect(volume.events.first?.reason == "garbage")
        volume.engine.set { $0.fault = nil }
        #expect(volume.tryToOpen("file") == .success)
    }

    @Test("excluded paths are left alone, and bypass")
    func excluded() throws {
        let volume = try ScannedVolume { $0.excluded = [PathPattern("*.log")].compactMap(\.self) }
        try volume.store(ScannedVolume.evil, as: "x.log")
        let file = try volume.open("x.log", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(file.readAsUser() == .success && volume.engine.scans == 0)
    }

    @Test("action=log tells, lets pass, and lets nothing bypass")
    func log() throws {
        let volume = try ScannedVolume { $0.action = .log }
        try volume.store(ScannedVolume.evil, as: "file")
        let file = try volume.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .virusInfected)
        #expect(file.readAsUser() == .success && file.readAsUser() == .success)
        #expect(volume.kinds() == [.infected, .refused] && volume.engine.scans == 1)
    }

    @Test("when too many files wait, those that were written are scanned at their next open")
    func full() throws {
        let volume = try ScannedVolume { $0.failure = .closed }
        volume.engine.set { $0.isHeld = true }
        for number in 0..<1030 {
            try volume.write(ScannedVolume.good, to: FilePath("file\(number)"))
        }
        #expect(volume.filter.queued == 1024)
        #expect(volume.tryToOpen("file1029") == .accessDenied)
        volume.engine.set { $0.isHeld = false }
        #expect(eventually { volume.filter.queued == 0 })
        #expect(volume.engine.scans == 1024)
        #expect(volume.tryToOpen("file1029") == .success && volume.engine.scans == 1025)
        #expect(!volume.volume.hasOpenFiles)
    }

    @Test("a random mixture of opens and changes never lets an infected file open")
    func mixture() throws {
        let volume = try ScannedVolume { $0.failure = .closed }
        let names = (0..<4).map { FilePath("file\($0)") }
        let done = DispatchGroup()
        for name in names {
            DispatchQueue(label: "program").async(group: done) {
                for round in 0..<60 {
                    let isEvil = round % 3 == 1
                    let bytes = isEvil ? ScannedVolume.evil : Array("good \(round)".utf8)
                    let isWritten = (try? volume.write(bytes, to: name)) != nil
                    #expect(isWritten)
                    let status = volume.tryToOpen(name)
                    #expect(status == (isEvil ? .virusInfected : .success), "round \(round)")
                }
            }
        }
        #expect(done.wait(timeout: .now() + .seconds(60)) == .success)
        #expect(eventually { volume.filter.queued == 0 })
        #expect(!volume.volume.hasOpenFiles)
    }
}
