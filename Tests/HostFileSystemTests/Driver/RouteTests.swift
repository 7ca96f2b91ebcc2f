import BypassIOProtocol
import DirectRead
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

@Suite("Routes of reads of a host directory")
struct RouteTests {
    private static let size = 1 << 20

    @Test("spec 4.1: the traditional and the bypass route read the same bytes")
    func sameBytes() throws {
        let host = try HostFixture()
        let bytes = pattern(Self.size)
        try host.hostFile("data", bytes)
        let plain = try host.open("data", options: .nonCached)
        let bypassed = try host.open("data", options: .nonCached)
        defer {
            plain.close()
            bypassed.close()
        }
        #expect(try bypassed.bypassIO(.enable).results?.status == .success)
        for (offset, length) in [(0, 4096), (4096, 65536), (Self.size - 4096, 8192)] {
            let expected = Array(bytes[offset..<min(offset + length, Self.size)])
            #expect(try plain.read(at: UInt64(offset), length: length) == expected)
            #expect(try bypassed.read(at: UInt64(offset), length: length) == expected)
        }
        #expect(try bypassed.read(at: UInt64(Self.size), length: 4096).isEmpty)
        #expect(plain.readsByRoute[.traditional] == 3)
        #expect(bypassed.readsByRoute[.fullBypass] == 4)
        #expect(bypassed.readsByRoute[.traditional] == 0)
    }

    @Test("spec 4.6: cached and misaligned reads of an enabled file take the traditional route")
    func traditional() throws {
        let host = try HostFixture()
        let bytes = pattern(8192)
        try host.hostFile("data", bytes)
        let cached = try host.open("data")
        let direct = try host.open("data", options: .nonCached)
        defer { for handle in [cached, direct] { handle.close() } }
        for file in [cached, direct] {
            #expect(try file.bypassIO(.enable).results?.status == .success)
        }
        #expect(try cached.read(at: 1, length: 100) == Array(bytes[1..<101]))
        #expect(cached.traditionalReadsByCause[.cachedHandle] == 1)
        // The host's own rule: direct I/O at an odd offset fails with EINVAL on either route.
        let odd = errno { () throws(IOFailure) in _ = try direct.read(at: 1, length: 100) }
        #expect(odd == .invalidArgument)
        #expect(direct.traditionalReadsByCause[.misaligned] == 1)
    }

    @Test("A queue reads the same bytes on either mechanism", arguments: [true, false])
    func queue(onRing: Bool) throws {
        let host = try HostFixture()
        let disk = try #require(host.volume.stack.storage as? HostDisk)
        disk.policy = onRing ? .automatic : .threadPool
        let bytes = pattern(Self.size)
        try host.hostFile("data", bytes)
        let bypassed = try host.open("data", options: .nonCached)
        let plain = try host.open("data", options: .nonCached)
        defer { for handle in [bypassed, plain] { handle.close() } }
        #expect(try bypassed.bypassIO(.enable).results?.status == .success)
        let queue = try ReadQueue(host.volume, depth: 8, slotSize: 16384)
        defer { queue.close() }
        let ringRefusal = RingProbe.run().unavailable
        #expect(
            queue.engineSummary.contains(
                onRing && ringRefusal == nil ? "io_uring" : "pread"))
        let files = [try queue.attach(bypassed), try queue.attach(plain)]
        var started = 0
        var finished = 0
        while finished < 128 {
            while started < 128, queue.hasFreeSlot {
                let offset = UInt64(started / 2 * 16384)
                try queue.read(files[started % 2], at: offset, length: 16384, tag: offset)
                started += 1
            }
            try queue.submit(waitingFor: 1)
            while let done = queue.next() {
                #expect(done.failure == nil)
                let expected = bytes[Int(done.tag)..<Int(done.tag) + 16384]
                #expect(queue.withBytes(of: done) { [UInt8](copying: $0) } == Array(expected))
                queue.release(done)
                finished += 1
            }
        }
        #expect(bypassed.readsByRoute[.fullBypass] == 64)
        #expect(plain.readsByRoute[.traditional] == 64)
    }

    @Test("spec 4.4: pauses come and go under many readers and no read sees a wrong byte")
    func concurrentPauses() throws {
        let host = try HostFixture()
        let bytes = pattern(Self.size)
        try host.hostFile("data", bytes)
        let file = try host.open("data", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        let readers = (0..<4).map { seed in
            Thread {
                for turn in 0..<300 {
                    let offset = (turn &* 37 &+ seed &* 11) % 256 * 4096
                    let read = try? file.read(at: UInt64(offset), length: 4096)
                    #expect(read == Array(bytes[offset..<offset + 4096]))
                }
            }
        }
        for reader in readers { reader.start() }
        for _ in 0..<100 {
            _ = try file.bypassIO(.streamPause)
            #expect(file.stream.bypassedReadsInFlight == 0)
            _ = try file.bypassIO(.streamResume)
            _ = try file.bypassIO(.volumeStackPause)
            #expect(host.volume.bypassedReadsInFlight.pastVolumeDrivers == 0)
            _ = try file.bypassIO(.volumeStackResume)
        }
        for reader in readers { reader.join() }
        #expect(file.readsByRoute.values.reduce(0, +) == 1200)
    }

    @Test("Opens, reads, renames and removals of many threads keep to their own files")
    func concurrentNames() throws {
        let host = try HostFixture()
        let workers = (0..<4).map { worker in
            Thread {
                for turn in 0..<50 {
                    let bytes = pattern(4096, seed: worker * 100 + turn)
                    let outcome = Result {
                        try Self.work(host, name: "w\(worker)-\(turn)", bytes: bytes)
                    }
                    #expect(throws: Never.self) { try outcome.get() }
                }
            }
        }
        for worker in workers { worker.start() }
        for worker in workers { worker.join() }
        let root = try host.open("")
        defer { root.close() }
        #expect(try root.entries(after: 0, limit: 100).count == 2)
    }

    private static func work(_ host: HostFixture, name: String, bytes: [UInt8]) throws {
        let root = try host.open("")
        let file = try host.open(
            FilePath(name), access: [.read, .write], .create, options: .nonCached)
        defer { for handle in [root, file] { handle.close() } }
        try file.write(bytes, at: 0)
        let component = try #require(FilePath.Component(name))
        let moved = try #require(FilePath.Component(name + "-moved"))
        try root.apply(.rename(from: component, to: moved, in: root, .noReplace))
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(try file.read(at: 0, length: 4096) == bytes)
        try root.apply(.unlink(moved, directory: false))
        #expect(try file.information().linkCount == 0)
    }
}
