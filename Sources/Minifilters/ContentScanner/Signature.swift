/// A run of bytes that no program may read.
public struct Signature: Sendable, Hashable {
    /// For people, e.g. `EICAR-Test-File`.
    public let name: String
    /// At least 4 bytes.
    public let pattern: [UInt8]

    /// nil for a pattern under 4 bytes, which would be found everywhere.
    public init?(name: String, pattern: [UInt8]) {
        guard pattern.count >= 4 else { return nil }
        self.name = name
        self.pattern = pattern
    }

    /// The position of the first match in `bytes`.
    func firstMatch(in bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        let first = pattern[0]
        let second = pattern[1]
        for start in 0...(bytes.count - pattern.count) {
            guard bytes[start] == first, bytes[start + 1] == second else { continue }
            if matches(bytes, at: start) { return start }
        }
        return nil
    }

    private func matches(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        for index in pattern.indices where bytes[start + index] != pattern[index] { return false }
        return true
    }
}
