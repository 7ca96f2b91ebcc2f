import Testing

@testable import Terminal

struct FiguresTests {
    @Test(arguments: [
        (0.0, "0"), (0.12345, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (941, "941"),
        (999.6, "1.00 k"), (12_345, "12.3 k"), (1_200_000, "1.20 M"), (5e12, "5000 G"),
    ])
    func threeDigitsAndALetter(value: Double, text: String) {
        #expect(Figures.short(value) == text)
    }

    @Test(arguments: [
        (0.0, "0"), (20.0, "20"), (2.5, "2.5"), (10_000, "10 k"), (1_250_000, "1.25 M"),
    ])
    func ticksHaveNoZerosBehindThePoint(value: Double, text: String) {
        #expect(Figures.tick(value) == text)
    }

    @Test(arguments: [
        (17.0, "17.0 ns"), (1500.0, "1.50 µs"), (2_000_000, "2.00 ms"), (3e9, "3.00 s"),
    ])
    func durationsHaveTheirUnit(nanoseconds: Double, text: String) {
        #expect(Figures.duration(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")])
    func thousandsAreGrouped(value: Int, text: String) {
        #expect(Figures.grouped(value) == text)
    }
}
