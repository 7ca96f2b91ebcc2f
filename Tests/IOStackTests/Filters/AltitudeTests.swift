import IOStack
import Testing

@Suite("Altitudes, spec 5")
struct AltitudeTests {
    @Test("spec 5: a fraction extends a whole number and compares digit by digit")
    func fractions() {
        let rising = [
            "0", "0.000001", "1", "40500", "325000", "325000.25", "325000.3", "325000.30001",
            "325000.31", "325001", "1000000",
        ].map(altitude)
        for (index, lower) in rising.enumerated() {
            for higher in rising[(index + 1)...] {
                #expect(lower < higher)
                #expect(!(higher < lower))
                #expect(lower != higher)
            }
        }
    }

    @Test("spec 5: the same number written in another way is the same altitude")
    func equality() {
        let same = ["40500", "040500", "40500.0", "040500.000", "0000040500.00"].map(altitude)
        for other in same {
            #expect(other == same[0])
            #expect(other.hashValue == same[0].hashValue)
            #expect(!(other < same[0]) && !(same[0] < other))
        }
        #expect(same[1].description == "040500")
        #expect(altitude("0") == altitude("000.000"))
    }

    @Test("spec 5: precision is unlimited, before the point and behind it")
    func unlimitedPrecision() {
        let long = String(repeating: "9", count: 400)
        #expect(altitude(long) < altitude("1" + String(repeating: "0", count: 400)))
        #expect(altitude("1.\(long)1") < altitude("1.\(long)2"))
        #expect(altitude("1.\(long)") < altitude("1.\(long)0000001"))
        // The two are equal as floating-point numbers.
        #expect(altitude("9007199254740992") < altitude("9007199254740993"))
    }

    @Test(
        "spec 5: what is no decimal is no altitude",
        arguments: [
            "", ".", "1.", ".5", "-1", "+1", "1e5", " 1", "1 ", "1.2.3", "1..2", "0x10", "１２",
            "1,5", "\u{0}", "1\n",
        ])
    func invalid(text: String) {
        #expect(Altitude(text) == nil)
    }

    @Test("spec 5: load order groups run from the top down and do not overlap")
    func groups() {
        let ranges = LoadOrderGroup.allCases.map(\.altitudes)
        for (upper, lower) in zip(ranges, ranges.dropFirst()) {
            #expect(lower.upperBound < upper.lowerBound)
        }
        #expect(LoadOrderGroup.antiVirus.altitudes.contains(328_010))
        #expect(LoadOrderGroup.bottom.altitudes.contains(40_500))
        #expect(LoadOrderGroup.imaging.altitudes == 170_000...175_000)
        #expect(LoadOrderGroup.infrastructure.altitudes.upperBound == 19_999)
        #expect(LoadOrderGroup.antiVirus.rawValue == "FSFilter Anti-Virus")
        #expect(LoadOrderGroup.allCases.count == 23)
    }
}
