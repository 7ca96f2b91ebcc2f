/// JSON that is put together by hand: the service has no Foundation.
enum JSONText {
    static func object(_ members: [(String, String)]) -> String {
        "{\(members.map { "\(string($0)):\($1)" }.joined(separator: ","))}"
    }

    static func string(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
