import BypassIOProtocol
import Foundation
import ServiceEvents
import Testing

/// What happens is kept and told; what happens again and again is counted (issue: nothing is told
/// twice a second for the same cause).
@Suite struct EventRecorderTests {
    private static let hour: Duration = .seconds(3600)

    /// What the listener was told.
    private final class Told: @unchecked Sendable {
        private let lock = NSLock()
        private var events: [ServiceEvent] = []

        func add(_ event: ServiceEvent) { lock.withLock { events.append(event) } }
        var all: [ServiceEvent] { lock.withLock { events } }
        var total: UInt64 { all.reduce(0) { $0 + $1.count } }
    }

    private func recorder(
        capacity: Int = 16, window: Duration = hour
    ) throws -> (EventRecorder, Told) {
        let told = Told()
        return (try EventRecorder(capacity: capacity, window: window) { told.add($0) }, told)
    }

    private func pause(_ path: String) -> ServiceEvent {
        ServiceEvent(.paused, .info, "bypass of \(path) is paused")
    }

    @Test("events have numbers without gaps, and a time")
    func numbers() throws {
        let (recorder, told) = try recorder()
        defer { recorder.end() }
        for number in 1...3 {
            recorder.record(EventKey(.paused, file: number)) { pause("/\(number)") }
        }
        #expect(told.all.map(\.number) == [1, 2, 3])
        let page = recorder.page(after: 0, limit: 10)
        #expect(page.events == told.all && page.lost == 0 && page.next == 3)
        for event in page.events {
            #expect(event.id == 30)
            let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            #expect(abs(try time.parse(event.time).timeIntervalSinceNow) < 3600)
        }
    }

    @Test("each is tallied, told or counted, and so is what a late reader misses")
    func tallies() throws {
        let (recorder, _) = try recorder(capacity: 2)
        defer { recorder.end() }
        for number in [1, 2, 3, 4, 4, 4] {
            recorder.record(EventKey(.paused, file: number)) { pause("/\(number)") }
        }
        #expect(recorder.tallies.byKind == [.paused: 6] && recorder.tallies.lost == 0)
        #expect(recorder.page(after: 0, limit: 10).lost == 2, "who asks for all there is")
        #expect(recorder.tallies.lost == 0)
        #expect(recorder.page(after: 1, limit: 10).lost == 1)
        #expect(recorder.tallies.lost == 1)
    }

    @Test("a page begins behind the number asked for, and has at most as many as asked for")
    func pages() throws {
        let (recorder, _) = try recorder()
        defer { recorder.end() }
        for number in 1...5 {
            recorder.record(EventKey(.paused, file: number)) { pause("/\(number)") }
        }
        let first = recorder.page(after: 1, limit: 2)
        #expect(first.events.map(\.number) == [2, 3] && first.next == 3)
        let rest = recorder.page(after: first.next, limit: 100)
        #expect(rest.events.map(\.number) == [4, 5] && rest.next == 5)
        let none = recorder.page(after: 5, limit: 100)
        #expect(none.events == [] && none.next == 5 && none.lost == 0)
    }

    @Test("the oldest events give way to new ones, and a reader learns how many it missed")
    func overflow() throws {
        let (recorder, told) = try recorder(capacity: 4)
        defer { recorder.end() }
        for number in 1...10 {
            recorder.record(EventKey(.paused, file: number)) { pause("/\(number)") }
        }
        let page = recorder.page(after: 2, limit: 100)
        #expect(page.events.map(\.number) == [7, 8, 9, 10])
        #expect(page.lost == 4)
        #expect(told.all.count == 10)
    }

    @Test("a number that an earlier service gave stands for the beginning")
    func earlierService() throws {
        let (recorder, _) = try recorder()
        defer { recorder.end() }
        recorder.record(EventKey(.paused)) { pause("/a") }
        #expect(recorder.page(after: 4711, limit: 10).events.map(\.number) == [1])
    }

    @Test("what happens a thousand times in a moment is told twice, with its number")
    func counted() throws {
        let (recorder, told) = try recorder()
        var made = 0
        for _ in 1...1000 {
            recorder.record(EventKey(.paused, of: "program", file: 7)) {
                made += 1
                return pause("/a")
            }
        }
        #expect(told.all.map(\.count) == [1])
        #expect(made == 1)
        recorder.end()
        #expect(told.all.map(\.count) == [1, 999])
        #expect(told.all.map(\.text) == Array(repeating: pause("/a").text, count: 2))
    }

    @Test("other files, filters and kinds are other events")
    func keys() throws {
        let (recorder, told) = try recorder()
        defer { recorder.end() }
        for key in [
            EventKey(.paused, of: "a", file: 1), EventKey(.paused, of: "a", file: 2),
            EventKey(.paused, of: "b", file: 1), EventKey(.resumed, of: "a", file: 1),
        ] {
            recorder.record(key) { ServiceEvent(key.kind, .info, "") }
        }
        #expect(told.all.map(\.count) == [1, 1, 1, 1])
    }

    @Test("what was counted is told when the window is over, without another event")
    func windowsEnd() async throws {
        let (recorder, told) = try recorder(window: .milliseconds(20))
        defer { recorder.end() }
        let news = recorder.news()
        var sent: UInt64 = 0
        // Until two of them fell into one window.
        while told.total == sent {
            sent += 1
            recorder.record(EventKey(.paused)) { pause("/a") }
        }
        for await _ in news where told.total == sent { break }
        #expect(told.total == sent)
        #expect(told.all.last?.count != nil)
    }

    @Test("more different events than are remembered are all told")
    func manyKeys() throws {
        let (recorder, told) = try recorder()
        for number in 1...10_000 {
            recorder.record(EventKey(.paused, file: number)) { pause("/\(number)") }
        }
        recorder.end()
        #expect(told.total == 10_000)
        #expect(recorder.page(after: 0, limit: .max).events.count == 16)
    }

    @Test("of events from many threads none is lost or counted twice")
    func threads() throws {
        let (recorder, told) = try recorder(window: .milliseconds(1))
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<5_000 {
                recorder.record(EventKey(.paused, file: number % 3)) { pause("/\(thread)") }
            }
        }
        recorder.end()
        #expect(told.total == 40_000)
        #expect(Set(told.all.map(\.number)) == Set(1...UInt64(told.all.count)))
    }

    @Test("who listens hears of events that come, and of the end")
    func news() async throws {
        let (recorder, _) = try recorder()
        let first = recorder.news()
        recorder.record(EventKey(.paused)) { pause("/a") }
        var elements = 0
        for await _ in first {
            elements += 1
            recorder.end()
        }
        #expect(elements == 1)
        for await _ in recorder.news() { Issue.record("an ended recorder has no news") }
    }

    @Test("kinds have numbers of their own")
    func ids() {
        let ids = ServiceEvent.Kind.allCases.map(\.id)
        #expect(Set(ids).count == ids.count)
    }
}
