import CPosixCalls

/// A short text for bytes: equal bytes give equal texts, different bytes almost never do.
enum ByteSummary {
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        if bytes.isEmpty { return "nothing" }
        if bytes.count <= 40, bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) {
            return "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
        return unsafe bytes.withUnsafeBytes { buffer in
            if let runs = unsafe runs(of: buffer, most: 6) { return runs }
            let hash = unsafe buffer.baseAddress.map { unsafe call_hash($0, buffer.count) } ?? 0
            return "\(buffer.count) bytes, hash \(String(hash, radix: 16))"
        }
    }

    static func text(_ bytes: [UInt8]) -> String { text(bytes[...]) }

    /// For example "0×4096 65×3"; nil for more runs than `most`.
    private static func runs(of bytes: UnsafeRawBufferPointer, most: Int) -> String? {
        guard let start = bytes.baseAddress else { return nil }
        var (texts, place): ([String], Int) = ([], 0)
        while place < bytes.count {
            if texts.count == most { return nil }
            let length = unsafe Int(call_run_length(start + place, bytes.count - place))
            unsafe texts.append("\(bytes[place])×\(length)")
            place += length
        }
        return texts.joined(separator: " ")
    }
}
