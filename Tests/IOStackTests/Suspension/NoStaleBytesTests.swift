import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// A file on two volumes beside a model. The test makes the same changes through handles of every
/// kind, and after each change expects every handle to read what the model holds, bypassed or not.
@Suite("No bypassed read returns stale bytes, spec 4.6")
struct NoStaleBytesTests {
    /// A small generator, so that a seed repeats a failure.
    private struct Numbers {
        var state: UInt64
        mutating func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
    }

    private static let block = 512
    private static let largestSize = 64 * block

    @Test(
        "spec 4.6: whatever changes the file, every handle reads the newest bytes, on every policy",
        arguments: SuspensionPolicy.allCases, [UInt64(1), 2, 3, 4])
    func differential(policy: SuspensionPolicy, seed: UInt64) throws {
        let memory = MemoryVolume(suspensionPolicy: policy)
        var model = pattern(32 * Self.block)
        let bypassed = [
            try memory.enabledFile("data", model),
            try memory.volume.open("data", options: .nonCached),
        ]
        _ = try bypassed[1].bypassIO(.enable)
        let direct = try memory.volume.open(
            "data", access: [.read, .write], options: .nonCached)
        var cached: FileObject?
        var numbers = Numbers(state: seed)
        var routes = Set<ReadRoute>()
        for step in 0..<1500 {
            switch numbers.below(8) {
            case 0:
                cached?.close()
                cached =
                    numbers.below(2) == 0
                    ? nil : try memory.volume.open("data", access: [.read, .write])
            case 1:
                let size = numbers.below(Self.largestSize)
                try (cached ?? direct).apply(.endOfFile(UInt64(size)))
                model =
                    Array(model.prefix(size))
                    + Array(repeating: 0, count: max(0, size - model.count))
            case 2:
                let start = numbers.below(Self.largestSize)
                let length = 1 + numbers.below(4 * Self.block)
                try direct.apply(
                    .allocation(.punchHole, offset: UInt64(start), length: UInt64(length)))
                for index in model.indices.dropFirst(start).prefix(length) { model[index] = 0 }
            case 3: cached?.beginCachedUse()
            default:
                let start = numbers.below(Self.largestSize)
                let bytes = (0..<1 + numbers.below(3 * Self.block)).map { _ in
                    UInt8(truncatingIfNeeded: numbers.below(256))
                }
                try (numbers.below(2) == 0 ? direct : cached ?? direct)
                    .write(bytes, at: UInt64(start))
                if model.count < start + bytes.count {
                    model += Array(repeating: 0, count: start + bytes.count - model.count)
                }
                model.replaceSubrange(start..<start + bytes.count, with: bytes)
            }
            for file in bypassed {
                let start = numbers.below(Self.largestSize / Self.block) * Self.block
                let before = file.readsByRoute
                let bytes = try file.read(at: UInt64(start), length: 8 * Self.block)
                let expected = Array(model.dropFirst(start).prefix(8 * Self.block))
                #expect(bytes == expected, "step \(step), at \(start)")
                if let route = file.readsByRoute.first(where: {
                    $0.value > before[$0.key, default: 0]
                }) {
                    routes.insert(route.key)
                }
            }
        }
        #expect(routes == [.traditional, .fullBypass], "both routes were taken")
    }

    @Test("writes that extend, truncates and hole punches meet bypassed reads in flight")
    func changesDuringReads() throws {
        let memory = MemoryVolume(suspensionPolicy: .dirty)
        let size = 64 * Self.block
        // Every byte of a block is the block's number or, in a hole, 0.
        let content = (0..<size).map { UInt8($0 / Self.block + 1) }
        let file = try memory.enabledFile("data", content)
        let isDone = Box(false)
        let wrong = Box(0)
        let readers = (0..<3).map { number in
            OwnThread {
                let buffer = HeapBuffer(capacity: Self.block)
                var block = number
                while !isDone.value {
                    block = (block + 7) % 128
                    let count = try file.read(
                        at: UInt64(block * Self.block), length: Self.block, into: buffer)
                    let isRight = buffer.withBytes(count) { bytes in
                        bytes.allBytes { $0 == 0 || $0 == UInt8(block + 1) }
                    }
                    if !isRight { wrong.add(1) }
                }
            }
        }
        let writer = try memory.volume.open("data", access: [.read, .write], options: .nonCached)
        for round in 0..<300 {
            let block = round % 64
            try writer.apply(
                .allocation(
                    .punchHole, offset: UInt64(block * Self.block), length: UInt64(Self.block)))
            try writer.apply(.endOfFile(UInt64((64 + round % 3) * Self.block - round % 7)))
            try writer.write(
                [UInt8](repeating: UInt8(block + 1), count: Self.block),
                at: UInt64(block * Self.block))
            let last = 64 + round % 64
            try writer.write(
                [UInt8](repeating: UInt8(last + 1), count: Self.block),
                at: UInt64(last * Self.block))
        }
        isDone.value = true
        for reader in readers { try reader.result() }
        #expect(wrong.value == 0)
        #expect((file.readsByRoute[.fullBypass] ?? 0) > 0)
    }
}

extension Span<UInt8> {
    fileprivate func allBytes(_ predicate: (UInt8) -> Bool) -> Bool {
        for index in indices where !predicate(self[index]) { return false }
        return true
    }
}
