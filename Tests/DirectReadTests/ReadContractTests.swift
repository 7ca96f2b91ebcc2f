import DirectRead
import Glibc
import LinuxKit
import SystemPackage
import TestSupport
import Testing

/// The contract of read engines, tested on each engine.
@Suite("Read engines: one contract", .serialized)
struct ReadContractTests {
    private static let fileSize = 3 << 20 | 1536

    @Test(
        "spec 8.2: every offset and length that direct I/O takes gives what the file holds",
        arguments: EngineKind.available)
    func everyAlignment(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 65536 + 1536)
        let engine = try kind.make(depth: 16, slotSize: 16384)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        var slot = 0
        var pending = [(offset: Int, length: Int)](repeating: (0, 0), count: 16)
        func takeAll() throws {
            try engine.submit(waitingFor: slot)
            for _ in 0..<slot {
                let done = try #require(engine.nextCompletion())
                let (offset, length) = pending[Int(done.slot)]
                let expected = max(0, min(length, file.size - offset))
                try #require(Int(done.result) == expected, "offset \(offset) length \(length)")
                try #require(
                    engine.holds(file, at: offset, count: expected, inSlot: Int(done.slot)),
                    "offset \(offset) length \(length)")
            }
            slot = 0
        }
        for offset in stride(from: 0, through: 65536 + 2048, by: 1536) {
            for length in stride(from: 512, through: 16384, by: 512) {
                engine.start(
                    slot: slot, file: index, offset: UInt64(offset), length: length)
                pending[slot] = (offset, length)
                slot += 1
                if slot == 16 { try takeAll() }
            }
        }
        try takeAll()
    }

    @Test("any byte offset and length of a cached descriptor", arguments: EngineKind.available)
    func everyByte(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 10000, direct: false)
        let engine = try kind.make(depth: 1, slotSize: 5000)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        for (offset, length) in [(0, 1), (1, 0), (4095, 3), (5001, 4999), (9999, 5000), (3, 4097)] {
            let result = try engine.readOnce(index, offset: UInt64(offset), length: length)
            #expect(Int(result) == min(length, file.size - offset))
            #expect(engine.holds(file, at: offset, count: Int(result), inSlot: 0))
        }
    }

    @Test(
        "every slot of every depth, among them the one at byte 4096 of the registered buffer",
        arguments: EngineKind.available, [1, 2, 3, 7, 16, 33, 64])
    func everySlot(_ kind: EngineKind, depth: Int) throws {
        let file = try TemporaryFile(size: 64 * 4096)
        let engine = try kind.make(depth: depth, slotSize: 4096)
        defer { engine.close() }
        #expect(engine.depth == depth)
        #expect(engine.slotSize == 4096)
        let index = try engine.register(file.descriptor)
        for round in 0..<3 {
            for slot in 0..<depth {
                let page = (slot * 7 + round) % 64
                engine.start(slot: slot, file: index, offset: UInt64(page * 4096), length: 4096)
            }
            #expect(try engine.submit(waitingFor: depth) == depth)
            var seen = Set<Int32>()
            while let done = engine.nextCompletion() {
                #expect(done.result == 4096)
                seen.insert(done.slot)
                let page = (Int(done.slot) * 7 + round) % 64
                #expect(engine.holds(file, at: page * 4096, count: 4096, inSlot: Int(done.slot)))
            }
            #expect(seen.count == depth)
        }
    }

    @Test("a slot larger than a huge page", arguments: EngineKind.available)
    func bigSlot(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: Self.fileSize)
        let engine = try kind.make(depth: 2, slotSize: 4 << 20)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        for slot in 0..<2 {
            let result = try engine.readOnce(index, offset: 0, length: 4 << 20, slot: slot)
            #expect(Int(result) == file.size)
            #expect(engine.holds(file, at: 0, count: Int(result), inSlot: slot))
        }
    }

    @Test("at and beyond the end of the file a read is short", arguments: EngineKind.available)
    func endOfFile(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 8192 + 512)
        let engine = try kind.make(depth: 1, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        #expect(try engine.readOnce(index, offset: 8192, length: 4096) == 512)
        #expect(try engine.readOnce(index, offset: 12288, length: 4096) == 0)
        #expect(try engine.readOnce(index, offset: 1 << 40, length: 4096) == 0)
    }

    @Test(
        "spec 8.2: a misaligned direct read is refused where the file system refuses it",
        arguments: EngineKind.available)
    func misaligned(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 8192)
        let engine = try kind.make(depth: 1, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        let block = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
        defer { unsafe block.deallocate() }
        let oracle = unsafe pread(file.descriptor.rawValue, block, 513, 1)
        let expected = oracle < 0 ? -errno : Int32(oracle)
        #expect(try engine.readOnce(index, offset: 1, length: 513) == expected)
    }

    @Test("an offset beyond what a file can have is refused", arguments: EngineKind.available)
    func offsetOutOfRange(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 2, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        for offset in [UInt64.max, UInt64(Int64.max) + 1] {
            #expect(try engine.readOnce(index, offset: offset, length: 512) == -EINVAL)
        }
        #expect(try engine.readOnce(index, offset: 0, length: 512) == 512)
    }

    @Test("a file that is not open for reading, and a directory", arguments: EngineKind.available)
    func wrongFiles(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 4096)
        let engine = try kind.make(depth: 1, slotSize: 4096)
        defer { engine.close() }
        let writeOnly = try FileDescriptor.open(file.path, .writeOnly)
        defer { try? writeOnly.close() }
        #expect(
            try engine.readOnce(engine.register(writeOnly), offset: 0, length: 512) == -EBADF)
        let directory = try FileDescriptor.open(FilePath("/var/tmp"), .readOnly)
        defer { try? directory.close() }
        #expect(
            try engine.readOnce(engine.register(directory), offset: 0, length: 512) == -EISDIR)
    }

    @Test("a descriptor that is not open cannot be registered", arguments: EngineKind.available)
    func closedDescriptor(_ kind: EngineKind) throws {
        for capacity in [0, 4] {
            let engine = try kind.make(depth: 1, slotSize: 512, fileCapacity: capacity)
            defer { engine.close() }
            for number: CInt in [-1, 1_000_000] {
                #expect(throws: Errno.badFileDescriptor) {
                    try engine.register(FileDescriptor(rawValue: number))
                }
            }
        }
    }

    @Test(
        "both engines give the same for the same requests",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"),
        arguments: [false, true])
    func differential(direct: Bool) throws {
        let file = try TemporaryFile(size: 200_000, direct: direct)
        let engines = try EngineKind.allCases.map { try $0.make(depth: 8, slotSize: 20_000) }
        defer { for engine in engines { engine.close() } }
        let indices = try engines.map { try $0.register(file.descriptor) }
        var random = SplitMix(state: 0x5EED)
        for _ in 0..<500 {
            // Some offsets are aligned, some are not: with O_DIRECT an unaligned read fails on both
            // engines.
            let grain = [1, 512, 4096].randomElement(using: &random) ?? 1
            let offset = Int.random(in: 0..<220_000, using: &random) / grain * grain
            let length = Int.random(in: 0...20_000, using: &random) / grain * grain
            let slot = Int.random(in: 0..<8, using: &random)
            let results = try zip(engines, indices).map { engine, index in
                try engine.readOnce(index, offset: UInt64(offset), length: length, slot: slot)
            }
            try #require(results[0] == results[1], "offset \(offset) length \(length)")
            guard results[0] > 0 else { continue }
            for engine in engines {
                try #require(
                    engine.holds(file, at: offset, count: Int(results[0]), inSlot: slot))
            }
        }
    }

    @Test("withMutableBytes changes the slot in place", arguments: EngineKind.available)
    func mutableBytes(_ kind: EngineKind) throws {
        let engine = try kind.make(depth: 2, slotSize: 4096)
        defer { engine.close() }
        engine.withMutableBytes(of: 1, count: 8) { bytes in
            bytes.storeBytes(of: 0x0123_4567_89AB_CDEF, as: UInt64.self)
        }
        let value = engine.withBytes(of: 1, count: 8) { bytes in
            unsafe bytes.unsafeLoad(as: UInt64.self)
        }
        #expect(value == 0x0123_4567_89AB_CDEF)
        let empty = engine.withBytes(of: 0, count: 0) { $0.byteCount }
        #expect(empty == 0)
    }

    @Test("more files than the table holds are read through their descriptors")
    func fileTableFull() throws {
        let file = try TemporaryFile(size: 4096)
        for kind in EngineKind.available {
            let engine = try kind.make(depth: 1, slotSize: 4096, fileCapacity: 2)
            defer { engine.close() }
            let all = try (0..<4).map { _ in try engine.register(file.descriptor) }
            let isRing = kind == .ring
            let expected = [isRing, isRing, false, false]
            #expect(all.map(\.isRegistered) == expected)
            for index in all {
                #expect(try engine.readOnce(index, offset: 0, length: 4096) == 4096)
            }
            engine.unregister(all[3])
            engine.unregister(all[0])
            let again = try engine.register(file.descriptor)
            #expect(again.isRegistered == isRing)
            #expect(try engine.readOnce(again, offset: 0, length: 4096) == 4096)
        }
    }

    @Test("a place in the table serves the file it was given last", arguments: EngineKind.available)
    func tablePlaceReused(_ kind: EngineKind) throws {
        let long = try TemporaryFile(size: 4096)
        let short = try TemporaryFile(size: 512)
        let engine = try kind.make(depth: 1, slotSize: 4096, fileCapacity: 1)
        defer { engine.close() }
        for _ in 0..<3 {
            for file in [long, short] {
                let index = try engine.register(file.descriptor)
                #expect(try engine.readOnce(index, offset: 0, length: 4096) == Int32(file.size))
                engine.unregister(index)
            }
        }
    }
}

/// A generator with the same sequence in every run (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
