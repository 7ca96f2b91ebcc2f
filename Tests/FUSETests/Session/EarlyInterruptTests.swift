import LinuxKit
import Locks
import SystemPackage
import Testing

@testable import FUSE

/// Interrupts whose request has not come are kept for a moment, and not more than 1,024 of them.
struct EarlyInterruptTests {
    private final class Nothing: FileSystem {}

    private func session() throws -> Session {
        let null = try SystemCall.open("/dev/null", .readWrite)
        let channel = try DeviceChannel(FUSEDevice(owning: null.release().rawValue), nil)
        return Session(
            Connection(Nothing()), channel, WorkerShares(threads: 2, limit: 4), transport: .device)
    }

    private func kept(_ session: Session) -> Int {
        session.workers.withLock { $0.interrupts.count }
    }

    @Test("beyond 1,024 they are forgotten, and after a moment those, too: there is room again")
    func bound() throws {
        let session = try session()
        for number in 1...3000 as ClosedRange<UInt64> {
            session.interrupt(RequestID(2 * number))
            #expect(kept(session) <= 1024)
        }
        #expect(kept(session) > 0)
        let end = ContinuousClock.now + .seconds(60)
        while kept(session) > 0, ContinuousClock.now < end {
            _ = try SystemCall.wait(nil, nil, nil, milliseconds: 20)
        }
        #expect(kept(session) == 0)
        session.interrupt(RequestID(10_000))
        #expect(kept(session) == 1)
    }
}
