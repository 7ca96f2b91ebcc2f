import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import VolumeDrivers

@Suite struct VolumeMeterTests {
    private let disk = MemoryDisk()
    private let meter = VolumeMeter()
    private let below = ScriptedVolumeDriver(name: "below")
    private let volume: Volume
    private let file: FileObject

    init() throws {
        volume = IOManager().mount(
            MemoryFileSystem(on: disk), named: "metered", volumeDrivers: [meter, below],
            storage: disk)
        file = try volume.open(
            "data", access: [.read, .write], disposition: .create, options: .nonCached)
        try file.write([UInt8](repeating: 1, count: 100), at: 0)
    }

    @Test func writesAndTraditionalReadsAreCounted() throws {
        #expect(meter.figures == .init(reads: 0, bytesRead: 0, writes: 1, bytesWritten: 100))
        _ = try file.read(at: 0, length: 30)
        _ = try file.read(at: 90, length: 30)
        _ = try file.read(at: 200, length: 30)
        try file.write([1, 2], at: 98)
        #expect(meter.figures == .init(reads: 3, bytesRead: 40, writes: 2, bytesWritten: 102))
        file.close()
    }

    @Test func transfersThatFailAreNotCounted() throws {
        let before = meter.figures
        disk.readErrno = 5
        disk.writeErrno = 5
        #expect(throws: IOFailure.self) { try file.read(at: 0, length: 1) }
        #expect(throws: IOFailure.self) { try file.write([1], at: 0) }
        #expect(meter.figures == before)
        file.close()
    }

    @Test("spec 4.1: of the four routes two pass the meter, by the byte")
    func figuresOnEveryRoute() throws {
        defer { file.close() }
        func passes(_ route: ReadRoute) throws -> Bool {
            let before = meter.figures
            #expect(try file.routeOfRead(length: 16) == route)
            let (reads, bytes) = (meter.figures.reads, meter.figures.bytesRead)
            #expect(bytes - before.bytesRead == 16 * (reads - before.reads))
            #expect(reads - before.reads <= 1)
            return reads != before.reads
        }
        #expect(try passes(.traditional))
        #expect(try file.verdict(.enable).status == .success)
        #expect(try !passes(.fullBypass))
        _ = try file.bypassIO(.streamPause)
        #expect(try !passes(.storageBypass))
        #expect(try file.verdict(.streamResume).status == .success)
        try meter.startMeasuring(through: file)
        #expect(try passes(.filterBypass))
        _ = try file.bypassIO(.streamPause)
        #expect(try passes(.traditional))
    }

    @Test func figuresOfAQueueAreExactOnEveryRoute() throws {
        defer { file.close() }
        func metered(_ route: ReadRoute) throws -> UInt64 {
            let queue = try ReadQueue(volume, depth: 4, slotSize: 16)
            defer { queue.close() }
            let member = try queue.attach(file)
            let before = meter.figures.reads
            var done = 0
            for start in stride(from: 0, to: 40, by: 4) {
                for offset in start..<start + 4 {
                    try queue.read(member, at: UInt64(offset), length: 16, tag: 0)
                }
                try queue.submit(waitingFor: 4)
                while let read = queue.next() {
                    #expect(read.route == route && read.count == 16)
                    done += 1
                    queue.release(read)
                }
            }
            #expect(done == 40)
            return meter.figures.reads - before
        }
        #expect(try metered(.traditional) == 40)
        _ = try file.verdict(.enable)
        #expect(try metered(.fullBypass) == 0)
        try meter.startMeasuring(through: file)
        #expect(try metered(.filterBypass) == 40)
        try meter.stopMeasuring(through: file)
        #expect(try metered(.fullBypass) == 0)
        #expect(meter.figures.bytesRead == 80 * 16)
    }

    @Test("spec 4.3, 6.5: while it measures, ENABLE succeeds and QUERY names it with Win32 503")
    func measuringIsPartialBypass() throws {
        defer { file.close() }
        try meter.startMeasuring(through: file)
        #expect(meter.isMeasuring)
        #expect(try file.verdict(.enable).status == .success)
        let verdict = try file.verdict()
        #expect(verdict.status == .notSupportedWithMonitoring)
        #expect(verdict.status.win32 == 503)
        #expect(verdict.driverName.string == "volmeter")
        #expect(verdict.failureReason.string == "The volume's reads are being measured.")
        let skipping = try file.bypassIO(.query, flags: .skipStorageStackQuery)
        #expect(skipping.results?.status == .success)
        #expect(skipping.flags.contains(.volumeStackBypassPaused))
        #expect(try file.routeOfRead() == .filterBypass)
        try meter.stopMeasuring(through: file)
        #expect(!meter.isMeasuring)
        #expect(try file.verdict().status == .success)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test("spec 4.4: a start returns when no read is past the meter any more")
    func startDrains() throws {
        defer { file.close() }
        _ = try file.verdict(.enable)
        disk.holdReads()
        let (file, meter) = (self.file, self.meter)
        let read = BackgroundCall { (try? file.read(at: 0, length: 16))?.count }
        #expect(disk.waitForHeldReads(1))
        let start = BackgroundCall { (try? meter.startMeasuring(through: file)) != nil }
        #expect(!start.hasReturned)
        disk.stopHoldingReads()
        #expect(start.wait() == true)
        #expect(read.wait() == 16)
        #expect(volume.bypassedReadsInFlight.pastVolumeDrivers == 0)
        let before = meter.figures.reads
        _ = try file.read(at: 0, length: 16)
        #expect(meter.figures.reads == before + 1)
    }

    @Test("spec 4.4: a stop resumes only if nobody else refuses")
    func stopAsksTheOthers() throws {
        defer { file.close() }
        _ = try file.verdict(.enable)
        try meter.startMeasuring(through: file)
        below.veto = StorageVeto(.notSupportedWithSnapshot, reason: "A snapshot is there.")
        try meter.stopMeasuring(through: file)
        #expect(try file.routeOfRead() == .filterBypass)
        below.veto = nil
        #expect(try file.verdict(.volumeStackResume).status == .success)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test func aStartThatFailsMeasuresNothing() throws {
        file.close()
        #expect(throws: IOFailure(.fileClosed)) { try meter.startMeasuring(through: file) }
        #expect(!meter.isMeasuring)
        let other = try volume.open("data", options: .nonCached)
        defer { other.close() }
        try meter.startMeasuring(through: other)
        #expect(throws: IOFailure(.fileClosed)) { try meter.startMeasuring(through: file) }
        #expect(meter.isMeasuring, "as before")
    }

    @Test func startsAndStopsAtOnceLeaveThePauseOfTheLastOne() throws {
        defer { file.close() }
        _ = try file.verdict(.enable)
        let (file, meter) = (self.file, self.meter)
        for _ in 0..<200 {
            let start = BackgroundCall { (try? meter.startMeasuring(through: file)) != nil }
            try meter.stopMeasuring(through: file)
            #expect(start.wait() == true)
            #expect(volume.isStorageBypassPaused == meter.isMeasuring)
        }
    }

    @Test func noReadPassesUncountedWhileMeasuring() throws {
        let isStopped = Flag()
        let volume = self.volume
        let handles = try (0..<3).map { _ in try volume.open("data", options: .nonCached) }
        let readers = handles.map { handle in
            BackgroundCall {
                while !isStopped.isSet {
                    _ = try? handle.bypassIO(.enable)
                    for _ in 0..<10 { _ = try? handle.read(at: 0, length: 16) }
                    _ = try? handle.bypassIO(.disable)
                }
                handle.close()
            }
        }
        for _ in 0..<40 {
            try meter.startMeasuring(through: file)
            let bypassed = handles.map { $0.reads(.fullBypass) }
            let start = meter.figures.reads
            #expect(wait(until: { meter.figures.reads >= start + 50 }))
            #expect(handles.map { $0.reads(.fullBypass) } == bypassed)
            try meter.stopMeasuring(through: file)
        }
        isStopped.set()
        #expect(readers.allSatisfy { $0.wait() != nil })
        file.close()
    }
}
