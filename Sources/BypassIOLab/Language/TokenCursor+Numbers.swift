import BypassIOProtocol

extension TokenCursor {
    /// A whole number, decimal or hexadecimal with 0x, with an optional unit KiB, MiB or GiB.
    mutating func number(
        _ what: String, in range: ClosedRange<UInt64> = 0...UInt64.max, withUnit: Bool = false
    ) throws(Diagnostic) -> UInt64 {
        let start = self
        guard let word, let value = Self.number(word) else {
            throw fault("\(what), a number such as 4096 or 0x1000")
        }
        skip()
        var result = value
        if withUnit, let unit = self.word, Self.looksLikeUnit(unit) {
            guard let factor = Self.units[unit] else { throw fault("KiB, MiB or GiB") }
            skip()
            let (product, overflows) = value.multipliedReportingOverflow(by: factor)
            guard !overflows else { throw start.fault("\(what) below 2^64") }
            result = product
        }
        guard range.contains(result) else {
            throw start.fault("\(what) from \(range.lowerBound) to \(range.upperBound)")
        }
        return result
    }

    mutating func count(
        _ what: String, in range: ClosedRange<Int>
    ) throws(Diagnostic) -> Int {
        let bounds = UInt64(clamping: range.lowerBound)...UInt64(clamping: range.upperBound)
        return Int(clamping: try number(what, in: bounds, withUnit: true))
    }

    private static let units: [String: UInt64] = [
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]

    /// `KB`, `mb`, `G` and the like. KiB always means 1024 bytes, KB does not.
    private static func looksLikeUnit(_ word: String) -> Bool {
        ["k", "m", "g", "t"].flatMap { ["\($0)", "\($0)b", "\($0)ib"] }
            .contains(word.lowercased())
    }

    private static func number(_ word: String) -> UInt64? {
        word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    }

    /// A status by its name in ntstatus.h or by its number.
    mutating func status() throws(Diagnostic) -> NTStatus {
        guard let status = nextStatus else {
            throw fault("a status, such as STATUS_ACCESS_DENIED or 0xC0000022")
        }
        skip()
        return status
    }

    /// The status if it is the next token.
    var nextStatus: NTStatus? {
        guard let word else { return nil }
        if word.hasPrefix("STATUS_") { return NTStatus.listed.first { $0.name == word } }
        guard word.hasPrefix("0x"), let number = UInt32(word.dropFirst(2), radix: 16) else {
            return nil
        }
        return NTStatus(rawValue: number)
    }
}
