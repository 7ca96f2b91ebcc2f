import BypassIOProtocol
import IOStack
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
}
