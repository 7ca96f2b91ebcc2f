import FUSE
import Testing

@testable import BypassIOMount

/// Which files are given up first, and what the order itself keeps.
struct NodeOrderTests {
    @Test("the oldest known files come first, each once in a round")
    func oldest() {
        var order = NodeOrder()
        for number in 2..<12 as Range<UInt64> {
            order.add(NodeID(number), beside: 10) { _ in true }
        }
        let isKnown: (NodeID) -> Bool = { $0.rawValue % 2 == 0 }
        #expect(order.oldest(3, isKnown) == [NodeID(2), NodeID(4), NodeID(6)])
        #expect(order.oldest(3, isKnown) == [NodeID(8), NodeID(10), NodeID(2)])
        #expect(order.oldest(3) { _ in false }.isEmpty)
    }

    @Test("a million files that come and go leave no more than twice as many numbers as are known")
    func bounded() {
        var order = NodeOrder()
        var looks = 0
        for number in 2..<1_000_000 as Range<UInt64> {
            order.add(NodeID(number), beside: 1) {
                looks += 1
                return $0 == NodeID(number)
            }
        }
        // Each number is looked at when the order is made anew, and then goes.
        #expect(looks < 2_000_000)
        #expect(order.oldest(.max) { _ in true }.count <= 2 + 1024)
    }
}
