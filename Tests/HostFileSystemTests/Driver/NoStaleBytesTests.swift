import BypassIOProtocol
import IOStack
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// A file on the machine's disk beside a model. The test changes it through the page cache and past
/// it, and reads it past the filters by io_uring and by single reads.
@Suite("No bypassed read of a host file returns stale bytes, spec 4.6")
struct NoStaleBytesTests {
    private static let page = 4096
    private static let pages = 32

    @Test(
        "spec 4.6: cached writes, truncates and direct writes are seen by the next bypassed read",
        arguments: SuspensionPolicy.allCases, [UInt64(1), 2, 3])
    func differential(policy: SuspensionPolicy, seed: UInt64) throws {
        let folder = try TemporaryFolder(in: "/var/tmp")
        let manager = IOManager()
        let volume = try HostVolume.mount(
            directory: folder.path, on: manager, suspensionPolicy: policy)
        var model = pattern(Self.page * Self.pages)
        let made = try volume.open("file", access: [.read, .write], disposition: .create)
        try made.write(model, at: 0)
        made.close()
        let file = try volume.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        let queue = try ReadQueue(volume, depth: 4, slotSize: 4 * Self.page)
        defer { queue.close() }
        let member = try queue.attach(file)
        var state = seed
        func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var cached: FileObject?
        defer { cached?.close() }
        for step in 0..<400 {
            switch below(6) {
            case 0:
                cached?.close()
                cached =
                    below(2) == 0 ? nil : try volume.open("file", access: [.read, .write])
            case 1:
                // Only truncates and refills: a hole would end the bypass for good.
                let size = (1 + below(Self.pages)) * Self.page
                let handle = try volume.open("file", access: [.read, .write])
                try handle.apply(.endOfFile(UInt64(min(size, model.count))))
                model = Array(model.prefix(size))
                let tail = pattern(Self.page * Self.pages - model.count, seed: step)
                try handle.write(tail, at: UInt64(model.count))
                model += tail
                handle.close()
            case 2:
                let start = below(Self.pages) * Self.page
                let bytes = pattern(Self.page, seed: step)
                let direct = try volume.open(
                    "file", access: [.read, .write], options: .nonCached)
                try direct.write(bytes, at: UInt64(start))
                direct.close()
                model.replaceSubrange(start..<start + Self.page, with: bytes)
            default:
                guard let cached else { continue }
                let start = below(model.count - 1)
                let bytes = pattern(min(1 + below(9000), model.count - start), seed: step)
                try cached.write(bytes, at: UInt64(start))
                model.replaceSubrange(start..<start + bytes.count, with: bytes)
            }
            let start = below(Self.pages) * Self.page
            let expected = Array(model.dropFirst(start).prefix(4 * Self.page))
            #expect(try file.read(at: UInt64(start), length: 4 * Self.page) == expected)
            try queue.read(member, at: UInt64(start), length: 4 * Self.page, tag: 0)
            try queue.submit(waitingFor: 1)
            let done = try #require(queue.next())
            #expect(queue.withBytes(of: done) { [UInt8](copying: $0) } == expected, "step \(step)")
            queue.release(done)
        }
        #expect(file.stream.suspensions.subtracting(.cachedHandle) == [])
        let skipped = ReadRoute.allCases.filter(\.skipsFilters)
        #expect(skipped.contains { (file.readsByRoute[$0] ?? 0) > 0 }, "none was bypassed")
    }
}
