import Testing

@testable import FilterKit

struct BlockLayoutTests {
    @Test(
        "sizes below and above belong to each other",
        arguments: [
            BlockLayout(), BlockLayout(block: 512, header: 18),
            BlockLayout(header: 18, overhead: 32),
        ])
    func sizes(layout: BlockLayout) {
        let stored = (UInt64(0)..<10_000).map { layout.storedSize(of: $0) }
        #expect(stored.map { layout.size(ofStored: $0) } == Array(0..<10_000))
        #expect(zip(stored, stored.dropFirst()).allSatisfy { $0 < $1 })
        #expect(layout.storedSize(of: layout.longestFile) <= UInt64(Int64.max))
        #expect(layout.size(ofStored: UInt64(layout.header)) == 0)
        // A tail without data is none.
        let whole = layout.storedSize(of: UInt64(layout.block))
        #expect(layout.size(ofStored: whole + UInt64(layout.overhead)) == UInt64(layout.block))
    }
}
