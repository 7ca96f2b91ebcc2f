import BypassIOProtocol
import IOStack
import Locks
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

/// The filter `undo`, on a volume in memory, with a store in memory.
@Suite("Undo filter")
struct UndoFilterTests {
    private let memory = MemoryVolume()

    private func attached(
        space: UInt64? = nil, whenFull fullness: UndoFullness = .refuse
    ) throws -> MemoryKeeper {
        let keeper = MemoryKeeper()
        let instance = try memory.attach(
            UndoFilter(keeper, space: space, whenFull: fullness) { keeper.told($0) })
        keeper.detach = { [manager = memory.manager.filterManager] in
            try? manager.detach(instance)
        }
        return keeper
    }

    private func bytes(_ count: Int, _ value: UInt8 = 1) -> [UInt8] {
        [UInt8](repeating: value, count: count)
    }

    @Test("only the blocks that a write overwrites are kept, once, before it goes down")
    func blocks() throws {
        try memory.make("data", bytes(40_000))
        let keeper = try attached()
        let file = try memory.volume.open("data", access: [.read, .write])
        defer { file.close() }
        try file.write(bytes(10, 2), at: 5000)
        try file.write(bytes(10, 3), at: 5100)
        try file.write(bytes(9000, 4), at: 39_000)
        let knowledge = keeper.knowledge
        let node = try #require(knowledge.nodes.values.first { $0.size == 40_000 })
        #expect(knowledge.kept[node.number]?.data.all == [4096..<8192, 36_864..<40_000])
        #expect(keeper.copies[node.number]?.filter { $0 != 1 }.isEmpty == true)
        #expect(keeper.bytesKept == 4096 + 3136)
    }

    @Test("what a truncation cuts is kept, by an open too")
    func truncation() throws {
        try memory.make("one", bytes(20_000))
        try memory.make("two", bytes(20_000))
        let keeper = try attached()
        let file = try memory.volume.open("one", access: [.read, .write])
        try file.apply(.endOfFile(10_000))
        file.close()
        try memory.volume.open("two", access: .write, disposition: .overwrite).close()
        let kept = keeper.knowledge.kept.values.map(\.data.all).sorted { $0[0].count < $1[0].count }
        #expect(kept == [[8192..<20_000], [0..<20_000]])
    }

    @Test("files that the session made are not kept, and their names are told")
    func fresh() throws {
        let keeper = try attached()
        try memory.make("new", bytes(10_000))
        let file = try memory.volume.open("new", access: [.read, .write])
        try file.write(bytes(10, 9), at: 0)
        try file.apply(.endOfFile(5))
        file.close()
        keeper.detach()
        let knowledge = keeper.knowledge
        #expect(knowledge.kept.isEmpty && keeper.bytesKept == 0)
        let name = try #require(knowledge.order.first)
        #expect(knowledge.order.count == 1 && name.name == Array("new".utf8))
        #expect(knowledge.names[name]?.old == nil)
        guard case .some(.some) = knowledge.names[name]?.left else {
            return #expect(Bool(false), "\(knowledge)")
        }
    }

    @Test("reads are not looked at: bypass goes on")
    func reads() throws {
        try memory.make("data", bytes(8192))
        let keeper = try attached()
        let file = try memory.openBypassed("data")
        defer { file.close() }
        #expect(try file.routeOfRead(length: 4096)?.skipsFilters == true)
        #expect(keeper.knowledge.nodes.isEmpty)
    }

    @Test("a change that cannot be recorded is not made")
    func failing() throws {
        try memory.make("data", bytes(8192))
        let keeper = try attached()
        keeper.fails = true
        let file = try memory.volume.open("data", access: [.read, .write])
        defer { file.close() }
        #expect(throws: IOFailure.self) { try file.write(bytes(10, 2), at: 0) }
        #expect(throws: IOFailure.self) { try file.apply(.endOfFile(0)) }
        #expect(throws: IOFailure.self) { try file.apply(.permissions(0)) }
        #expect(throws: IOFailure.self) { try file.setAttribute("user.a", to: [1]) }
        #expect(throws: IOFailure.self) { try memory.make("new", []) }
        #expect(try file.read(at: 0, length: 8192) == bytes(8192))
    }

    @Test("a spent budget refuses changes of old files, of new ones not")
    func refuses() throws {
        try memory.make("data", bytes(100_000))
        let keeper = try attached(space: 10_000)
        let file = try memory.volume.open("data", access: [.read, .write])
        defer { file.close() }
        try file.write(bytes(10, 2), at: 0)
        #expect(throws: IOFailure(.diskFull)) { try file.write(bytes(10_000, 2), at: 20_000) }
        #expect(throws: IOFailure(.diskFull)) { try file.write(bytes(10_000, 2), at: 40_000) }
        try file.write(bytes(10, 3), at: 100)
        try memory.make("new", bytes(100_000))
        #expect(keeper.complaints.count == 1)
        #expect(keeper.complaints.first?.contains("are refused") == true)
    }

    @Test("or lets them go on, and forgets the file")
    func forgets() throws {
        try memory.make("data", bytes(100_000))
        let keeper = try attached(space: 10_000, whenFull: .forget)
        let file = try memory.volume.open("data", access: [.read, .write])
        defer { file.close() }
        try file.write(bytes(50_000, 2), at: 0)
        try file.write(bytes(10, 2), at: 90_000)
        #expect(keeper.knowledge.forgotten.count == 1)
        #expect(keeper.complaints.count == 1)
    }

    @Test("a session has one volume")
    func twice() throws {
        let keeper = MemoryKeeper()
        try memory.attach(UndoFilter(keeper))
        keeper.isRefusing = true
        #expect(throws: (any Error).self) { try MemoryVolume().attach(UndoFilter(keeper)) }
    }
}

/// A session in memory. Any thread.
final class MemoryKeeper: UndoKeeping {
    private struct State: Sendable {
        var records: [UndoRecord] = []
        var copies: [UInt64: [UInt8]] = [:]
        var bytesKept = 0
        var complaints: [String] = []
        var fails = false
        var isRefusing = false
        var detach: @Sendable () -> Void = {}
    }

    private let state = Monitor(State())

    var knowledge: UndoKnowledge { UndoKnowledge(state.withLock { $0.records }) }
    var copies: [UInt64: [UInt8]] { state.withLock { $0.copies } }
    var bytesKept: Int { state.withLock { $0.bytesKept } }
    var complaints: [String] { state.withLock { $0.complaints } }

    var fails: Bool {
        get { state.withLock { $0.fails } }
        set { state.withLock { $0.fails = newValue } }
    }

    var isRefusing: Bool {
        get { state.withLock { $0.isRefusing } }
        set { state.withLock { $0.isRefusing = newValue } }
    }

    var detach: @Sendable () -> Void {
        get { state.withLock { $0.detach } }
        set { state.withLock { $0.detach = newValue } }
    }

    func told(_ text: String) { state.withLock { $0.complaints.append(text) } }

    func begin(on volume: Volume) -> UndoKnowledge? { isRefusing ? nil : UndoKnowledge() }
    func end() {}

    func append(_ records: [UndoRecord]) throws(IOFailure) {
        guard !fails else { throw IOFailure(.ioDeviceError) }
        state.withLock { $0.records += records }
    }

    func clone(_ file: StorageHandle, as number: UInt64) -> Bool { false }
    func hold(_ file: StorageHandle, as number: UInt64) -> Bool { false }
    func release(_ number: UInt64) {}

    func keep(_ bytes: Span<UInt8>, of number: UInt64, at offset: UInt64) throws(IOFailure) {
        let copied = [UInt8](copying: bytes)
        state.withLock {
            $0.copies[number, default: []] += copied
            $0.bytesKept += copied.count
        }
    }

    func beat() {}
}
