import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import FUSE

/// Bursts of requests against the real kernel.
@Suite(
    "Sessions in a burst", .enabled(if: Kernel.canMount, "\(Kernel.whyNoMount)"), .serialized)
struct BurstSessionTests {
    /// Programs that repeatedly ask for one file's status.
    private final class Crowd: Sendable {
        let answers = Atomic<Int>(0)
        private let isOver = Atomic<Bool>(false)
        private let calls: Mutex<[Client.Call<Int>]> = Mutex([])

        init(_ path: String, count: Int) {
            let all = (0..<count).map { _ in
                Client.Call { [self] in
                    var wrong = 0
                    while !isOver.load(ordering: .relaxed) {
                        var status = stat()
                        if unsafe stat(path, &status) != 0 || status.st_size != 7 { wrong += 1 }
                        answers.wrappingAdd(1, ordering: .relaxed)
                    }
                    return wrong
                }
            }
            calls.withLock { $0 = all }
        }

        /// Ends the programs; returns the number of wrong answers.
        func disperse() throws -> Int {
            isOver.store(true, ordering: .relaxed)
            return try calls.withLock { $0 }.map { try $0.value() }.reduce(0, +)
        }

        /// Whether further answers come.
        func goesOn() -> Bool {
            let before = answers.load(ordering: .relaxed)
            return eventually { answers.load(ordering: .relaxed) >= before + 2000 }
        }
    }

    @Test("what takes a program's time takes nobody else's", .timeLimit(.minutes(10)))
    func slowReads() throws {
        let service = try TinyService("--threads", "8", "--transport", "device", "--validity", "0")
        let crowd = Crowd(service.path("greeting"), count: 4)
        #expect(try eventually { try service.bursts > 0 })
        // Each request keeps the thread that takes it.
        let readers = (0..<5).map { _ in
            Client.Call { [path = service.path("slow")] in try Client.content(path, limit: 512) }
        }
        #expect(try eventually { try service.count("waiting") == 5 })
        #expect(crowd.goesOn())
        #expect(try crowd.disperse() == 0)
        // The burst is over, and five threads are still kept.
        Thread.sleep(forTimeInterval: 0.1)
        #expect(try Client.text(service.path("greeting")) == "Hello.\n")
        #expect(readers.allSatisfy { !$0.isDone })
        try service.tell("open")
        for reader in readers { #expect(try reader.value().count == 512) }
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test(
        "bursts come and go, and an idle session uses no processor time", .timeLimit(.minutes(10)))
    func comeAndGo() throws {
        let service = try TinyService("--validity", "0")
        for round in 1...3 {
            let crowd = Crowd(service.path("greeting"), count: 3)
            #expect(try eventually { try service.bursts >= round })
            #expect(crowd.goesOn())
            #expect(try crowd.disperse() == 0)
            // Waits until it is over, so that the next burst is a new one.
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(try eventually { try service.isIdle(seconds: 0.3) })
        try service.tell("unmount")
        try service.expectEnd()
    }

    @Test("a session that is aborted in a burst ends", .timeLimit(.minutes(10)))
    func abort() throws {
        let service = try TinyService("--validity", "0")
        let crowd = Crowd(service.path("greeting"), count: 3)
        #expect(try eventually { try service.bursts > 0 })
        try service.tell("abort")
        try service.expectEnd()
        _ = try crowd.disperse()
    }
}

extension TinyService {
    fileprivate var bursts: Int { get throws { Int(try say("bursts")) ?? 0 } }
}
