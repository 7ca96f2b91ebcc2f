import BypassIOProtocol
import FilterKit
import IOStack
import MemoryFileSystem
import SystemPackage
import TestFilters
import Testing

/// Random operations on a file through a filter, beside the bytes that it should have.
struct BlockFilterModelTests {
    enum Kind: CaseIterable { case mixer, smallMixer, sealer, smallSealer, wholeHoles }

    private static func filter(_ kind: Kind) -> any Filter {
        switch kind {
        case .mixer: Mixer()
        case .smallMixer: Mixer(block: 512)
        case .sealer: Sealer()
        case .smallSealer: Sealer(block: 512)
        case .wholeHoles: Sealer(block: 512, hasShortHoles: false)
        }
    }

    @Test(
        "every operation leaves what it leaves on a plain file", arguments: Kind.allCases,
        [UInt64(1), 2, 3])
    func model(kind: Kind, seed: UInt64) throws {
        let memory = MemoryVolume()
        let instance = try memory.attach(Self.filter(kind))
        var run = try ModelRun(memory.volume, instance, seed)
        for step in 0..<250 {
            do {
                try run.step()
            } catch {
                Issue.record("seed \(seed), step \(step), \(run.last): \(error)")
                return
            }
        }
        try run.end()
    }
}

/// One file, its handles, and its model.
private struct ModelRun {
    /// How far operations reach, in bytes.
    private static let reach = 24_000

    private let volume: Volume
    private let instance: FilterInstance
    private var random: SplitMix
    private var model: [UInt8] = []
    private var files: [FileObject] = []
    private(set) var last = ""

    init(_ volume: Volume, _ instance: FilterInstance, _ seed: UInt64) throws {
        (self.volume, self.instance) = (volume, instance)
        random = SplitMix(seed)
        try volume.open("file", access: [.read, .write], disposition: .create).close()
        try openAll()
    }

    /// A handle of each kind, some of which need a file object of the filter's own.
    private mutating func openAll() throws {
        files = [
            try volume.open("file", access: [.read, .write]),
            try volume.open("file", access: [.read, .write], options: .nonCached),
            try volume.open("file", access: .write),
            try volume.open("file", access: .write, options: .append),
        ]
    }

    private mutating func number(_ below: Int) -> Int {
        Int(random.next() % UInt64(max(1, below)))
    }

    /// Often near a block's border.
    private mutating func place() -> Int {
        let place = number(Self.reach)
        return number(3) == 0 ? max(0, place / 512 * 512 + number(3) - 1) : place
    }

    private mutating func length() -> Int { number(5) == 0 ? number(9000) : number(300) }

    mutating func step() throws {
        switch number(20) {
        case 0..<6: try write()
        case 6..<8: try append()
        case 8..<12: try compare()
        case 12..<14: try cut()
        case 14..<17: try allocate()
        case 17: try seek()
        case 18: try reopen()
        default: try truncateAtOpen()
        }
        let size = try files[0].status().size
        guard size == UInt64(model.count) else {
            throw Difference("\(size) bytes, not \(model.count)")
        }
    }

    mutating func end() throws {
        try compareAll()
        for file in files { file.close() }
        #expect(!volume.hasOpenFiles, "the filter holds a file")
    }

    private mutating func write() throws {
        let (file, place, length) = (files[number(3)], place(), length())
        last = "write \(length) at \(place)"
        let zeros = number(5) == 0
        let bytes = (0..<length).map { _ in zeros ? 0 : UInt8(truncatingIfNeeded: random.next()) }
        let count = try file.write(bytes, at: UInt64(place))
        guard count == length else { throw Difference("\(count) written") }
        put(bytes, at: place)
    }

    private mutating func append() throws {
        let length = length()
        last = "append \(length)"
        let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        guard try files[3].write(bytes, at: UInt64(place())) == length else {
            throw Difference("a short append")
        }
        put(bytes, at: model.count)
    }

    private mutating func put(_ bytes: [UInt8], at place: Int) {
        guard !bytes.isEmpty else { return }
        grow(to: place + bytes.count)
        model.replaceSubrange(place..<place + bytes.count, with: bytes)
    }

    private mutating func grow(to size: Int) {
        model += [UInt8](repeating: 0, count: max(0, size - model.count))
    }

    private mutating func compare() throws {
        let (file, place, length) = (files[number(2)], place(), length())
        last = "read \(length) at \(place)"
        let found = try file.read(at: UInt64(place), length: length)
        let end = min(model.count, place + length)
        guard found == (place < end ? Array(model[place..<end]) : []) else {
            throw Difference("other bytes")
        }
    }

    private mutating func compareAll() throws {
        guard try files[0].read(at: 0, length: model.count + 1) == model else {
            throw Difference("other bytes in the whole file")
        }
    }

    private mutating func cut() throws {
        let size = number(3) == 0 ? number(2) * 512 : place()
        last = "size \(size)"
        try files[number(4)].apply(.endOfFile(UInt64(size)))
        model = Array(model.prefix(size))
        grow(to: size)
    }

    private mutating func allocate() throws {
        let kinds: [FileChange.Allocation] = [
            .extend, .keepSize, .punchHole, .zeroRange, .zeroRangeKeepingSize, .punchHole,
            .collapseRange, .insertRange,
        ]
        let (kind, place, length) = (kinds[number(kinds.count)], place(), length() + 1)
        last = "\(kind) \(length) at \(place)"
        let change = FileChange.allocation(kind, offset: UInt64(place), length: UInt64(length))
        if kind == .collapseRange || kind == .insertRange {
            #expect(throws: IOFailure(.notSupported)) { try files[0].apply(change) }
            return
        }
        try files[number(4)].apply(change)
        if kind == .extend || kind == .zeroRange { grow(to: place + length) }
        if kind == .extend || kind == .keepSize { return }
        for index in min(place, model.count)..<min(place + length, model.count) { model[index] = 0 }
    }

    /// What is called a hole is zero, and what is called data lies there.
    private mutating func seek() throws {
        last = "seek"
        var place: UInt64 = 0
        while place < model.count {
            let hole = try files[0].nextHole(from: place)
            guard hole >= place, hole <= model.count else { throw Difference("a hole at \(hole)") }
            let data = (try? files[0].nextData(from: hole)) ?? UInt64(model.count)
            guard data >= hole, model[Int(hole)..<Int(data)].allSatisfy({ $0 == 0 }) else {
                throw Difference("no hole from \(hole) to \(data)")
            }
            place = max(data, hole + 1)
        }
    }

    private mutating func reopen() throws {
        last = "reopen"
        for file in files { file.close() }
        try openAll()
        try compareAll()
    }

    private mutating func truncateAtOpen() throws {
        guard number(4) == 0 else { return }
        last = "open with O_TRUNC"
        try volume.open("file", access: .write, disposition: .overwrite).close()
        model = []
    }
}

struct Difference: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

private struct SplitMix {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
