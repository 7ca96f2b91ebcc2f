import BypassIOProtocol
import FilterKit
import IOStack
import MemoryFileSystem
import SystemPackage
import TestFilters
import Testing

/// What a ``BlockFilter`` leaves of a file where the layers below fail.
struct BlockFilterFailureTests {
    private let memory = MemoryVolume()
    private var volume: Volume { memory.volume }

    private static func text(_ count: Int, from start: Int = 0) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 / 7 + 1) }
    }

    @Test("growth that fails leaves the size, and the bytes", arguments: [true, false])
    func growth(isSealed: Bool) throws {
        let filter: any Filter = isSealed ? Sealer() : Mixer()
        try memory.attach(filter)
        try memory.attach(NarrowSystem(room: 10_000, longest: 20_000))
        let file = try volume.open("file", access: [.read, .write], disposition: .create)
        defer { file.close() }
        let text = Self.text(100)
        try file.write(text, at: 0)
        let tooLarge = IOFailure(errno: .fileTooLarge)
        #expect(throws: tooLarge) { try file.apply(.endOfFile(1 << 40)) }
        #expect(try file.status().size == 100)
        #expect(throws: tooLarge) { try file.write([1], at: 1 << 40) }
        #expect(try file.status().size == 100)
        #expect(throws: IOFailure(.diskFull)) { try file.write([1], at: 15_000) }
        #expect(try file.status().size == 100)
        #expect(throws: IOFailure(.notSupported)) {
            try file.apply(.allocation(.zeroRange, offset: 0, length: 18_000))
        }
        #expect(try file.status().size == 100)
        #expect(try file.read(at: 0, length: 20_000) == text)
    }

    @Test("a header that finds no room leaves an empty file, which takes data later")
    func header() throws {
        let instance = try memory.attach(Sealer())
        let narrow = NarrowSystem(room: 10, longest: 20_000)
        try memory.attach(narrow)
        let first = try volume.open("file", access: .write, disposition: .create)
        #expect(throws: IOFailure(.diskFull)) { try first.write([1, 2], at: 0) }
        first.close()
        let below = try instance.open(CreateParameters(path: "file"))
        #expect(try below.status().size == 0)
        below.close()
        narrow.room.withLock { $0 = 20_000 }
        let file = try volume.open("file", access: [.read, .write])
        defer { file.close() }
        #expect(try file.write([1, 2], at: 0) == 2)
        #expect(try file.read(at: 0, length: 10) == [1, 2])
    }

    @Test("a write that meets a damaged block says how much of it is there")
    func damaged() throws {
        let instance = try memory.attach(Sealer())
        let file = try volume.open("file", access: [.read, .write], disposition: .create)
        defer { file.close() }
        let old = Self.text(100 * 4096)
        try file.write(old, at: 0)
        let below = try instance.open(CreateParameters(path: "file", access: .write))
        let (last, byte) = (UInt64(18 + 99 * 4128), HeapBuffer([7]))
        try instance.write(below, at: last + 9, length: 1, from: byte)
        below.close()
        let new = Self.text(99 * 4096 + 10, from: 1000)
        let count = try file.write(new, at: 0)
        #expect(count > 0 && count < new.count)
        let found = try file.read(at: 0, length: 99 * 4096)
        #expect(found == Array(new[..<count] + old[count..<99 * 4096]))
        #expect(throws: IOFailure(.dataError)) {
            try file.write(Array(new[count...]), at: UInt64(count))
        }
    }
}

/// Has no room for bytes from an offset on, no files that are longer than so many bytes, and cannot
/// zero a range.
private final class NarrowSystem: Filter, PreWriteFilter, PreChangeFilter {
    let name = "narrow"
    let altitude = Altitude(integer: 80_200)
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    let room: Guarded<UInt64>
    private let longest: UInt64

    init(room: UInt64, longest: UInt64) {
        self.room = Guarded(room)
        self.longest = longest
    }

    func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        let room = room.withLock { $0 }
        guard write.offset < room else { return .fail(.diskFull) }
        write.length = Int(min(UInt64(write.length), room - write.offset))
        return .pass
    }

    func willChange(_ change: PreChange) -> PreOperationAnswer {
        switch change.change {
        case .endOfFile(let size) where size > longest:
            .failAs(IOFailure(errno: .fileTooLarge))
        case .allocation(.zeroRangeKeepingSize, _, _): .fail(.notSupported)
        default: .pass
        }
    }
}
