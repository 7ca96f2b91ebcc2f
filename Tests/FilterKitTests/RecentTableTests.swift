import FilterKit
import Testing

@Suite struct RecentTableTests {
    @Test func whatIsUsedStaysAndWhatIsNotGoes() {
        var table = RecentTable<Int, Int>(capacity: 10)
        for key in 0..<1000 {
            table.set(key * 2, for: key)
            #expect(table.count <= 10)
            #expect(table.value(of: 0) == 0)
            for recent in max(0, key - 3)...key { #expect(table.value(of: recent) == recent * 2) }
        }
        #expect(table.value(of: 500) == nil)
    }

    @Test func aValueIsReplacedWhereverItIs() {
        var table = RecentTable<Int, Int>(capacity: 4)
        for key in 0..<3 { table.set(1, for: key) }
        for key in 0..<3 { table.set(2, for: key) }
        for key in 0..<3 where table.value(of: key) != nil { #expect(table.value(of: key) == 2) }
        table.remove(2)
        #expect(table.value(of: 2) == nil)
        #expect(table.count <= 4)
    }
}
