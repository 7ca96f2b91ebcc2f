import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import FUSE

/// Bursts of requests, by their counts alone.
@Suite("Bursts")
struct BurstTests {
    /// Stands for /dev/cpu_dma_latency: it keeps what is written.
    private struct Device {
        let folder: ScratchFolder
        let path: FilePath
        let driver: FilePath

        init(driver name: String) throws {
            folder = try ScratchFolder()
            path = FilePath(folder.path + "/latency")
            driver = FilePath(folder.path + "/driver")
            try Data().write(to: URL(fileURLWithPath: path.string))
            try Data("\(name)\n".utf8).write(to: URL(fileURLWithPath: driver.string))
        }

        var request: CPULatencyRequest? { CPULatencyRequest(device: path, driver: driver) }

        /// The requested latencies in microseconds, in order.
        func asked() throws -> [Int32] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path.string))
            return stride(from: 0, to: bytes.count, by: 4).map { start in
                bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int32($1) }
            }
        }
    }

    private func isMade(_ device: FilePath, _ driver: FilePath) -> Bool {
        CPULatencyRequest(device: device, driver: driver) != nil
    }

    private static let anything: Int32 = 2_000_000_000

    @Test(
        "a request for quick CPUs is what the driver understands",
        arguments: [
            ("haltpoll", Int32(0)), ("intel_idle", 10), ("acpi_idle", 10),
        ])
    func limit(driver: String, limit: Int32) throws {
        let device = try Device(driver: driver)
        do {
            let request = device.request
            request?.hold()
            request?.release()
        }
        #expect(try device.asked() == [Self.anything, limit, Self.anything])
    }

    @Test("nothing is asked where nobody would listen")
    func nobody() throws {
        let none = try Device(driver: "none")
        #expect(!isMade(none.path, none.driver))
        #expect(!isMade(none.path, "/nonexistent"))
        let device = try Device(driver: "haltpoll")
        #expect(!isMade("/nonexistent", device.driver))
        #expect(try none.asked() == [])
    }

    @Test("requests that come one after the other are a burst, others are not")
    func pace() {
        let pace = RequestPace()
        let bursts = Atomic<Int>(0)
        pace.whenBurstBegins { bursts.wrappingAdd(1, ordering: .relaxed) }
        for _ in 0..<4 {
            for _ in 0..<63 { pace.note() }
            // The next request looks at the clock.
            Thread.sleep(forTimeInterval: 0.02)
            pace.note()
        }
        #expect(bursts.load(ordering: .relaxed) == 0)
        #expect(pace.requests == 256)
        // Other load on the machine may interrupt one burst, but not a hundred.
        for _ in 0..<6400 { pace.note() }
        #expect(bursts.load(ordering: .relaxed) > 0)
    }

    @Test(
        "a warden holds the CPUs awake as long as a burst lasts, and sends a thread where none waits"
    )
    func warden() throws {
        let device = try Device(driver: "haltpoll")
        let isAttended = Atomic<Bool>(true)
        let sent = Atomic<Int>(0)
        let warden = BurstWarden(RequestPace(), latency: device.request)
        #expect(warden.limitsLatency)
        warden.begin(
            isAttended: { isAttended.load(ordering: .relaxed) },
            attend: { sent.wrappingAdd(1, ordering: .relaxed) })
        #expect(!warden.isAwake)
        // Sends requests at full speed until the warden has seen all of it.
        #expect(
            eventually {
                for _ in 0..<640 { warden.pace.note() }
                return warden.isAwake
            })
        #expect(try device.asked().suffix(1) == [0])
        isAttended.store(false, ordering: .relaxed)
        #expect(
            eventually {
                for _ in 0..<640 { warden.pace.note() }
                return sent.load(ordering: .relaxed) > 1
            })
        isAttended.store(true, ordering: .relaxed)
        #expect(eventually { !warden.isAwake })
        #expect(eventually { (try? device.asked().last) == Self.anything })
        #expect(warden.bursts > 0)
        warden.end()
    }

    @Test("a burst that ends with nobody waiting leaves nobody alone")
    func endOfBurst() {
        let isAttended = Atomic<Bool>(true)
        let isAwakeWhenSent = Atomic<Int>(0)
        let warden = BurstWarden(RequestPace(), latency: nil)
        #expect(!warden.limitsLatency)
        warden.begin(
            isAttended: { isAttended.load(ordering: .sequentiallyConsistent) },
            attend: {
                if !warden.isAwake { isAwakeWhenSent.wrappingAdd(1, ordering: .relaxed) }
            })
        for _ in 0..<3 {
            let before = isAwakeWhenSent.load(ordering: .relaxed)
            isAttended.store(true, ordering: .sequentiallyConsistent)
            #expect(
                eventually {
                    for _ in 0..<640 { warden.pace.note() }
                    return warden.isAwake
                })
            isAttended.store(false, ordering: .sequentiallyConsistent)
            #expect(eventually { isAwakeWhenSent.load(ordering: .relaxed) > before })
        }
        warden.end()
    }

    @Test("a warden ends whether there was a burst or not", arguments: [false, true])
    func end(afterBurst: Bool) {
        let warden = BurstWarden(RequestPace(), latency: nil)
        warden.begin(isAttended: { true }, attend: {})
        if afterBurst {
            #expect(
                eventually {
                    for _ in 0..<640 { warden.pace.note() }
                    return warden.bursts > 0
                })
        }
        warden.end()
        for _ in 0..<6400 { warden.pace.note() }
        #expect(!warden.isAwake)
    }
}
