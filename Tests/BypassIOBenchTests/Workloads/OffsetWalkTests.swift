import Testing

@testable import BypassIOBench

struct OffsetWalkTests {
    @Test(arguments: [1, 2, 3, 7, 64, 1000, 8192] as [UInt64], [1, 2, 99] as [UInt64])
    func everyBlockComesOnceBeforeAnyComesAgain(blocks: UInt64, seed: UInt64) {
        var walk = OffsetWalk(size: blocks * 4096 + 17, blockSize: 4096, seed: seed)
        for _ in 0..<2 {
            let offsets = (0..<blocks).map { _ in walk.next() }
            #expect(Set(offsets).count == Int(blocks))
            #expect(offsets.allSatisfy { $0.isMultiple(of: 4096) && $0 < blocks * 4096 })
        }
    }

    @Test func theSameSeedIsTheSameWalk() {
        var first = OffsetWalk(size: 1 << 20, blockSize: 4096, seed: 5)
        var second = OffsetWalk(size: 1 << 20, blockSize: 4096, seed: 5)
        #expect((0..<100).allSatisfy { _ in first.next() == second.next() })
    }
}
