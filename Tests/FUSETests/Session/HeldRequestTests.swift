import LinuxKit
import SystemPackage
import Testing

@testable import FUSE

/// Requests that are put aside have a limit for each user, in number and in bytes; beyond it the
/// session answers EBUSY.
struct HeldRequestTests {
    private let channel: DeviceChannel

    init() throws {
        let null = try SystemCall.open("/dev/null", .readWrite)
        channel = try DeviceChannel(FUSEDevice(owning: null.release().rawValue), nil)
    }

    private func request(
        _ number: Int, of user: UInt32, bytes: Int = 100, isReady: Bool = false
    ) -> HeldRequest {
        HeldRequest(
            unique: RequestID(UInt64(number)),
            claim: WorkerClaim(user: user, place: 1, isControl: false),
            message: [UInt8](repeating: 0, count: bytes), channel: channel, isReady: isReady)
    }

    @Test("1,024 of a user and 4,096 together are kept, and room comes back")
    func numbers() {
        var held = HeldRequests()
        func isKept(_ request: HeldRequest) -> Bool { held.add(request) }
        for number in 0..<1024 { #expect(isKept(request(number, of: 1000))) }
        #expect(!isKept(request(9000, of: 1000)))
        #expect(isKept(request(1024, of: 1001)), "another user's are kept")
        let taken = held.take(RequestID(UInt64(7)))
        #expect(taken != nil)
        #expect(isKept(request(9000, of: 1000)))
        for user in 1002..<1010 as Range<UInt32> {
            for number in 0..<1024 { _ = held.add(request(Int(user) << 12 | number, of: user)) }
        }
        #expect(held.requests.count == 4096)
        #expect(!isKept(request(9001, of: 2000)))
        // One that waits for a thread alone is no client's store.
        #expect(isKept(request(9001, of: 2000, isReady: true)))
        while held.take(where: { _ in true }) != nil {}
        #expect(isKept(request(1, of: 1000)))
    }

    @Test("64 MiB are kept, and room comes back")
    func bytes() {
        var held = HeldRequests()
        func isKept(_ request: HeldRequest) -> Bool { held.add(request) }
        for number in 0..<64 { #expect(isKept(request(number, of: 1000, bytes: 1 << 20))) }
        #expect(!isKept(request(64, of: 1001, bytes: 1)))
        let taken = held.take(RequestID(UInt64(0)))
        #expect(taken != nil)
        #expect(isKept(request(64, of: 1001, bytes: 1 << 20)))
    }
}
