/// The "\040" escapes by which the kernel keeps blanks and line feeds out of its tables
/// (/proc/self/mountinfo, /proc/swaps).
package enum OctalEscapes {
    /// Undoes the escapes. A backslash without three octal digits stays as it is.
    package static func decode(_ field: some Collection<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(field.count)
        var rest = Array(field)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), let value = octal(digits) {
                decoded.append(value)
                rest = rest.dropFirst(3)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    private static func octal(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 3 else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            value = value * 8 + Int(digit - UInt8(ascii: "0"))
        }
        return UInt8(exactly: value)
    }
}
