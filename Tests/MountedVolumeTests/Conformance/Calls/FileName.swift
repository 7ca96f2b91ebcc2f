/// A name or path as the kernel takes it: any bytes but NUL, not necessarily UTF-8.
struct FileName: ExpressibleByStringInterpolation, CustomStringConvertible, Sendable {
    /// Ends with NUL.
    let bytes: [CChar]
    let description: String

    init(stringLiteral name: String) { self.init(name) }

    init(_ name: String) {
        bytes = Array(name.utf8CString)
        description = name.utf8.count <= 60 ? name : "a name of \(name.utf8.count) bytes"
    }

    init(bytes: [UInt8]) {
        self.bytes = bytes.map { CChar(bitPattern: $0) } + [0]
        description = "bytes \(bytes)"
    }

    static func repeating(_ text: String, _ count: Int) -> FileName {
        FileName(String(repeating: text, count: count))
    }
}
