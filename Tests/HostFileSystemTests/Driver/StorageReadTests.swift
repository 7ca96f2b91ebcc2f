import BypassIOProtocol
import IOStack
import SystemPackage
import Testing

@testable import HostFileSystem

/// Storage reads that a carrier performs, within the gates.
@Suite("Reads of the storage by whoever carries them")
struct StorageReadTests {
    @Test("only a read that may bypass the whole stack is begun, and it is counted once")
    func begins() throws {
        let host = try HostFixture()
        try host.hostFile("data", [UInt8](repeating: 7, count: 8192))
        let file = try host.open("data", options: .nonCached)
        let cached = try host.open("data", options: .nonCached)
        #expect(file.beginStorageRead(at: 0, length: 4096) == nil)
        #expect(try file.bypassIO(.enable).results?.status == .success)
        let read = try #require(file.beginStorageRead(at: 4096, length: 4096))
        #expect(read.offset == 4096)
        #expect(read.length == 4096)
        #expect(read.descriptor == file.storage?.rawValue)
        #expect(file.stream.bypassedReadsInFlight == 1)
        file.endStorageRead()
        #expect(file.stream.bypassedReadsInFlight == 0)
        #expect(file.readsByRoute[.fullBypass] == 1)
        // Another open of the same file has no bypass of its own.
        #expect(cached.beginStorageRead(at: 0, length: 4096) == nil)
        // The read that follows counts the reason.
        #expect(file.beginStorageRead(at: 1, length: 4096) == nil)
        #expect(file.traditionalReadsByCause[.misaligned] == 0)
        _ = try file.bypassIO(.disable)
        #expect(file.beginStorageRead(at: 0, length: 4096) == nil)
        cached.close()
        file.close()
        #expect(file.beginStorageRead(at: 0, length: 4096) == nil)
        #expect(file.readsByRoute[.fullBypass] == 1)
    }

    @Test("a DISABLE and a close wait for reads that were begun", arguments: [true, false])
    func drains(byClose: Bool) throws {
        let host = try HostFixture()
        try host.hostFile("data", [UInt8](repeating: 7, count: 8192))
        let file = try host.open("data", options: .nonCached)
        #expect(try file.bypassIO(.enable).results?.status == .success)
        _ = try #require(file.beginStorageRead(at: 0, length: 4096))
        let isEnded = Guarded(false)
        let sawEnd = Guarded(false)
        let other = Thread {
            if byClose { file.close() } else { _ = try? file.bypassIO(.disable) }
            let seen = isEnded.withLock { $0 }
            sawEnd.withLock { $0 = seen }
        }
        other.start()
        // The other thread has cleared the bit and waits, or is about to wait.
        while byClose ? !file.isClosed : file.isBypassEnabled {}
        isEnded.withLock { $0 = true }
        file.endStorageRead()
        other.join()
        #expect(sawEnd.withLock { $0 })
        #expect(file.stream.bypassedReadsInFlight == 0)
        if !byClose { file.close() }
    }
}
