/// Numbers as the Windows headers print them: 0x and all digits of the width, upper case.
enum Hexadecimal {
    static func text(_ value: some FixedWidthInteger) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: value.bitWidthInDigits - digits.count) + digits
    }
}

extension FixedWidthInteger {
    fileprivate var bitWidthInDigits: Int { Self.bitWidth / 4 }
}
