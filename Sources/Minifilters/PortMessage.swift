import FoundationEssentials

/// Messages of filters' ports: the text of JSON values.
enum PortMessage {
    static func bytes(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The messages have no value that JSON has none for.
        return (try? encoder.encode(value)).map { Array($0) } ?? Array("null".utf8)
    }

    /// nil for what is another value.
    static func value<Value: Decodable>(
        _ bytes: [UInt8], as type: Value.Type = Value.self
    ) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}
