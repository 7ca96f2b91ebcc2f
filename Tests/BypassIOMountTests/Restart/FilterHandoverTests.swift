import Dispatch
import IOStack
import Synchronization
import Testing

@testable import BypassIOMount

/// What filters know, from one process to the next.
struct FilterHandoverTests {
    private struct Fault: Error {}

    /// Knows a list of numbers, and does with its state what it is told to.
    private final class Counting: StatefulFilter {
        let name = "counting"
        let altitude = Altitude(integer: 100)
        let stateVersion: UInt32
        private let save: @Sendable () throws -> [UInt8]
        let taken = Mutex<[UInt8]>([])

        init(_ version: UInt32 = 1, _ save: @escaping @Sendable () throws -> [UInt8] = { [7] }) {
            stateVersion = version
            self.save = save
        }

        func savedState() throws -> [UInt8] { try save() }

        func restore(_ state: [UInt8]) throws {
            guard state.first == 7 else { throw Fault() }
            taken.withLock { $0 = state }
        }
    }

    private final class Plain: Filter {
        let name = "plain"
        let altitude = Altitude(integer: 101)
    }

    @Test("what a filter saves, another of its name and version gets")
    func saved() throws {
        let saved = try #require(try FilterHandover.save(Counting().registration))
        let other = Counting()
        try FilterHandover.restore(saved, to: other.registration)
        #expect(other.taken.withLock { $0 } == [7])
    }

    @Test("a filter without a state saves nothing")
    func stateless() throws {
        #expect(try FilterHandover.save(Plain().registration) == nil)
    }

    private func loss(_ body: () throws -> Void) -> String {
        let loss = #expect(throws: FilterStateLost.self, performing: body)
        return loss?.description ?? ""
    }

    @Test("a filter that throws, saves too much or never returns loses its state, and is told of")
    func unsaved() {
        let throwing = Counting { throw Fault() }
        #expect(loss { _ = try FilterHandover.save(throwing.registration) }.contains("Fault"))
        let large = Counting { [UInt8](repeating: 7, count: SavedFilterState.capacity + 1) }
        #expect(loss { _ = try FilterHandover.save(large.registration) }.contains("too much"))
        let mayEnd = DispatchSemaphore(value: 0)
        let hanging = Counting {
            mayEnd.wait()
            return []
        }
        let words = loss {
            _ = try FilterHandover.save(hanging.registration, within: .milliseconds(20))
        }
        #expect(words.contains("in time"))
        mayEnd.signal()
    }

    @Test("garbage, and what another version saved, is refused")
    func unrestored() {
        let garbage = SavedFilterState(version: 1, bytes: [8])
        #expect(
            loss { try FilterHandover.restore(garbage, to: Counting().registration) }
                .contains("did not understand"))
        let other = Counting(2)
        let saved = SavedFilterState(version: 1, bytes: [7])
        #expect(
            loss { try FilterHandover.restore(saved, to: other.registration) }
                .contains("version 1"))
        #expect(other.taken.withLock { $0.isEmpty })
        #expect(
            loss { try FilterHandover.restore(saved, to: Plain().registration) }
                .contains("takes nothing"))
    }
}
