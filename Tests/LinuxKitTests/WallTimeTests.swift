import Foundation
import LinuxKit
import Testing

struct WallTimeTests {
    @Test(
        "moments in ISO 8601",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000Z"),
            (951_868_799_999_999_999, "2000-02-29T23:59:59.999999Z"),
            (951_868_800_000_001_000, "2000-03-01T00:00:00.000001Z"),
            (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000Z"),
        ])
    func text(_ nanoseconds: Int64, _ text: String) {
        #expect(WallTime(nanoseconds: nanoseconds).iso8601 == text)
    }

    @Test("it is what others call that moment, on many days")
    func others() {
        for day in stride(from: -200_000 as Int64, to: 100_000, by: 37) {
            let seconds = day * 86_400 + 12_345
            guard abs(seconds) < 9_000_000_000 else { continue }
            let other = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
            let text = WallTime(nanoseconds: seconds * 1_000_000_000).iso8601
            #expect(text == other.dropLast() + ".000000Z")
        }
        #expect(
            abs(WallTime.now.nanoseconds / 1_000_000_000 - Int64(Date().timeIntervalSince1970)) < 60
        )
    }
}
