import Testing

@testable import BypassIOBench

struct SpreadTests {
    @Test func itIsTheMiddleAndTheEnds() throws {
        let odd = try #require(Spread([5, 1, 9]))
        #expect(odd.median == 5 && odd.min == 1 && odd.max == 9)
        let even = try #require(Spread([4, 1, 2, 9]))
        #expect(even.median == 3)
    }

    @Test func whatIsNoNumberDoesNotCount() {
        #expect(Spread([]) == nil)
        #expect(Spread([.nan, .infinity]) == nil)
        #expect(Spread([.nan, 2]) == Spread([2]))
        #expect(Spread.median(of: []) == 0)
    }
}
