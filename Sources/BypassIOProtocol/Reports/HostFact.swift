/// A fact about a file and the storage under it, as a field.
public struct HostFact: Codable, Sendable, Hashable {
    public enum Value: Codable, Sendable, Hashable {
        case flag(Bool)
        case number(UInt64)
        case text(String)
        /// Whoever was asked cannot tell; `null` in JSON.
        case unknown

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .unknown
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(UInt64.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .flag(let flag): try container.encode(flag)
            case .number(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            case .unknown: try container.encodeNil()
            }
        }
    }

    /// Its subject and the fact, such as `file.sparse` or `disk.vda.logicalBlockSize`. Sizes are
    /// bytes.
    public let name: String
    public let value: Value
    /// Who was asked: a system call, or a file of the kernel.
    public let source: String

    public init(_ name: String, _ value: Value, from source: String) {
        self.name = name
        self.value = value
        self.source = source
    }
}

/// What a host says of a file.
public struct HostFacts: Sendable, Hashable {
    /// For people, a line each.
    public var lines: [String]
    public var fields: [HostFact]

    public init(lines: [String], fields: [HostFact]) {
        self.lines = lines
        self.fields = fields
    }

    public static let none = HostFacts(lines: [], fields: [])
}
