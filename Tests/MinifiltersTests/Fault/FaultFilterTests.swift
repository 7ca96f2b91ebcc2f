import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import TestSupport
import Testing

@Suite struct FaultFilterTests {
    private let memory = MemoryVolume()
    private let fault = FaultFilter(seed: 7)
    private let instance: FilterInstance

    init() throws {
        try memory.make("data.db", [UInt8](repeating: 7, count: 4096))
        try memory.make("other", [UInt8](repeating: 9, count: 4096))
        instance = try memory.attach(fault)
    }

    private func add(_ text: String) throws { try fault.add(FaultRule(text)) }

    private func expectFailure(_ status: NTStatus, _ body: () throws -> Void) {
        let failure = #expect(throws: IOFailure.self, performing: body)
        #expect(failure?.status == status)
    }

    @Test("each operation fails as its rule says, other files and operations do not")
    func failures() throws {
        let file = try memory.open("data.db")
        defer { file.close() }
        for rule in [
            "*.db;open;errno=EACCES", "*.db;write;errno=ENOSPC", "*.db;sync;errno=EIO",
            "*.db;change;errno=EROFS", "*.db;attribute;errno=EDQUOT", "*.db;read;errno=ESTALE",
        ] { try add(rule) }
        expectFailure(.accessDenied) { _ = try memory.open("data.db") }
        expectFailure(.fileDeleted) { _ = try file.read(at: 0, length: 16) }
        expectFailure(.diskFull) { try file.write([1], at: 0) }
        expectFailure(.ioDeviceError) { try file.flush(dataOnly: false) }
        expectFailure(.mediaWriteProtected) { try file.apply(.endOfFile(1)) }
        let other = try memory.open("other")
        defer { other.close() }
        try other.write([1], at: 0)
        try other.flush(dataOnly: false)
        #expect(try other.read(at: 0, length: 2) == [1, 9])
        #expect(fault.rules.map(\.hits) == [1, 1, 1, 1, 0, 1])
        #expect(fault.rules.map(\.rule.name) == ["1", "2", "3", "4", "5", "6"])
        #expect(fault.remove(nil) == 6)
        #expect(try file.read(at: 0, length: 2) == [7, 7])
    }

    @Test("a range is touched or not, and a rule hits as often as it may")
    func rangeAndCount() throws {
        let file = try memory.open("data.db")
        defer { file.close() }
        try add("data.db;read;range=1024-2047;count=2;errno=EIO")
        #expect(try file.read(at: 0, length: 1024).count == 1024)
        #expect(try file.read(at: 2048, length: 16).count == 16)
        expectFailure(.ioDeviceError) { _ = try file.read(at: 1023, length: 2) }
        expectFailure(.ioDeviceError) { _ = try file.read(at: 2047, length: 1) }
        #expect(try file.read(at: 1023, length: 2).count == 2)
    }

    @Test("a short read brings so much, a flipped bit is one bit in the range, the seed says which")
    func damage() throws {
        let file = try memory.open("data.db")
        defer { file.close() }
        try add("data.db;short;count=1")
        try add("data.db;short=5;count=1")
        #expect(try file.read(at: 0, length: 100).count == 50)
        #expect(try file.read(at: 0, length: 100).count == 5)
        try add("data.db;flip;range=10-13")
        func flipped() throws -> [Int] {
            let bytes = try file.read(at: 0, length: 100)
            #expect(bytes.count == 100)
            let places = bytes.indices.filter { bytes[$0] != 7 }
            #expect(places.count == 1 && (10...13).contains(places[0]))
            #expect((bytes[places[0]] ^ 7).nonzeroBitCount == 1)
            return places
        }
        let first = try (0..<20).map { _ in try flipped() }
        #expect(Set(first).count > 1)
        #expect(try memory.open("other").read(at: 0, length: 4) == [9, 9, 9, 9])
    }

    @Test("the same seed hits the same requests, about as many as the probability says")
    func chances() throws {
        func hits(_ seed: UInt64) throws -> [Bool] {
            let memory = MemoryVolume()
            try memory.make("data", [1, 2, 3])
            let fault = FaultFilter(seed: seed)
            try memory.attach(fault)
            try fault.add(FaultRule("data;read;p=0.25;errno=EIO"))
            let file = try memory.open("data")
            defer { file.close() }
            return (0..<1000).map { _ in (try? file.read(at: 0, length: 1)) == nil }
        }
        let first = try hits(1)
        #expect(try first == hits(1))
        #expect(try first != hits(2))
        #expect((150...350).contains(first.count { $0 }))
    }

    @Test("a delayed request goes on by itself, though no thread of the pool is free")
    func delay() throws {
        let pool = BlockedPool()
        defer { pool.release() }
        let file = try memory.open("data.db")
        defer { file.close() }
        try add("data.db;read;delay=1ms;count=1")
        try add("data.db;read+sync;delay=1ms;errno=ENOSPC")
        #expect(try file.read(at: 0, length: 2) == [7, 7])
        expectFailure(.diskFull) { _ = try file.read(at: 0, length: 2) }
        expectFailure(.diskFull) { try file.flush(dataOnly: false) }
    }

    @Test("what hangs is let go by a release, by the rule's end, and by a detach")
    func hang() throws {
        func read() -> BackgroundCall<Int?> {
            let memory = memory
            return BackgroundCall {
                guard let file = try? memory.open("data.db") else { return nil }
                defer { file.close() }
                return (try? file.read(at: 0, length: 16))?.count
            }
        }
        func awaitHeld(_ count: Int) {
            #expect(wait { fault.rules.map(\.held) == [count] })
        }
        try add("data.db;read;hang;name=stuck")
        let first = read()
        awaitHeld(1)
        #expect(!first.hasReturned && fault.release("nosuch") == 0)
        #expect(fault.release("stuck") == 1 && first.wait() == 16)
        let second = read()
        awaitHeld(1)
        try add("data.db;read;hang;name=stuck")
        #expect(second.wait() == 16, "another rule of the name lets go what the first held")
        let third = read()
        awaitHeld(1)
        #expect(fault.remove("stuck") == 1 && third.wait() == 16)
        try add("data.db;read;hang")
        let fourth = read()
        awaitHeld(1)
        try memory.manager.filterManager.detach(instance)
        #expect(fourth.wait() == 16)
    }

    @Test("a stubborn rule keeps a detach waiting, but not the volume's dismount")
    func stubborn() throws {
        try add("data.db;read;hang=stubborn")
        let memory = memory
        let file = try memory.open("data.db")
        let read = BackgroundCall { (try? file.read(at: 0, length: 16))?.count }
        #expect(wait { fault.rules.map(\.held) == [1] })
        let instance = instance
        let detach = BackgroundCall { () -> Bool in
            (try? memory.manager.filterManager.detach(instance)) != nil
        }
        #expect(wait { !instance.isAttached })
        #expect(!detach.hasReturned && !read.hasReturned)
        #expect(fault.release(nil) == 1)
        #expect(read.wait() == 16 && detach.wait() == true)
        file.close()
    }

    @Test("a file that a rule for reads may hit does not bypass, and the veto names the rule")
    func veto() throws {
        let bypassed = try memory.openBypassed("data.db")
        defer { bypassed.close() }
        let other = try memory.openBypassed("other")
        defer { other.close() }
        try add("*.db;write+sync;errno=EIO;name=writes")
        #expect(try bypassed.routeOfRead() == .fullBypass, "the rule is not for reads")
        try add("*.db;read;count=2;errno=EIO;name=reads")
        #expect(bypassed.stream.isPaused && !other.stream.isPaused)
        #expect(try other.routeOfRead() == .fullBypass)
        let verdict = try bypassed.verdict(.query)
        #expect(verdict.status == .notSupportedWithMonitoring)
        #expect(verdict.driverName.string == "fault")
        #expect(verdict.failureReason.string.hasPrefix("The rule reads may hit its reads: *.db;"))
        for _ in 0..<2 { expectFailure(.ioDeviceError) { _ = try bypassed.read(at: 0, length: 1) } }
        // It has hit as often as it may.
        #expect(try bypassed.routeOfRead() == .fullBypass)
        try add("*.db;flip;name=more")
        #expect(bypassed.stream.isPaused)
        fault.remove("more")
        #expect(try bypassed.routeOfRead() == .fullBypass)
    }

    @Test("files that had bypass before the filter came are its own from then on")
    func attach() throws {
        try memory.manager.filterManager.unload(instance.filter, mandatory: false)
        let bypassed = try memory.openBypassed("data.db")
        defer { bypassed.close() }
        let late = FaultFilter()
        try late.add(FaultRule("data.db;read;errno=EIO"))
        try memory.attach(late)
        #expect(bypassed.stream.isPaused)
        expectFailure(.ioDeviceError) { _ = try bypassed.read(at: 0, length: 1) }
    }
}
