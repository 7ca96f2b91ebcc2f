import BypassIOProtocol
import FUSE
import Foundation
import IOStack
import Testing

@testable import BypassIOMount

struct TranslationTests {
    @Test(arguments: [(0, 0), (8, 1), (259, 65535), (4095, 1_048_575)] as [(UInt32, UInt32)])
    func deviceNumbersSurviveBothEncodings(major: UInt32, minor: UInt32) {
        let code = DeviceCode(major: major, minor: minor)
        #expect(DeviceCode(host: code.host) == code)
        #expect(code.major == major)
        #expect(code.minor == minor)
    }

    @Test func allocationModesAreThoseOfFallocate() {
        #expect(FileChange.Allocation(mode: 0) == .extend)
        #expect(FileChange.Allocation(mode: 3) == .punchHole)
        #expect(FileChange.Allocation(mode: 0x11) == .zeroRangeKeepingSize)
        #expect(FileChange.Allocation(mode: 2) == nil, "a hole without KEEP_SIZE")
        #expect(FileChange.Allocation(mode: 0x40) == nil)
    }

    @Test func theReportIsJSON() throws {
        let kernel = try KernelSide()
        let told = ReportText.json(VolumeReport(kernel.fileSystem))
        let report = try JSONDecoder().decode(VolumeReport.self, from: Data(told))
        #expect(report.volume == "memory" && report.filters.isEmpty)
        let kernelRoute = try #require(report.routes[.kernelBypass])
        #expect(kernelRoute.reads == nil)
        #expect(String(decoding: told, as: UTF8.self).contains("\"reads\":null"))
    }
}
