/// The answer of every layer of a mounted volume to a QUERY of a file, and the host's facts about
/// the file behind the mount. JSON, in an attribute of the file that is not listed. It is read
/// without an open, which would change the answer.
public struct StackReport: Codable, Sendable {
    /// The veto of a layer.
    public struct Veto: Codable, Sendable {
        public let driver: String
        /// An NTSTATUS.
        public let status: UInt32
        public let reason: String

        package init(
            driver: String, status: UInt32, reason: String
        ) {
            self.driver = driver
            self.status = status
            self.reason = reason
        }
    }

    /// A layer's answer to a QUERY.
    public struct Layer: Codable, Sendable {
        /// `filter`, `fileSystem`, `volume` or `storage`.
        public let layer: String
        public let driver: String
        /// A filter's altitude; nil for other layers.
        public let altitude: String?
        /// nil: the layer lets BypassIO through.
        public let veto: Veto?

        package init(
            layer: String, driver: String, altitude: String?, veto: Veto?
        ) {
            self.layer = layer
            self.driver = driver
            self.altitude = altitude
            self.veto = veto
        }
    }

    /// The attribute's name, under which the service answers.
    public static let attribute = "user.bypassio.stack"

    /// The veto of filters and file system; nil: none of them refuses.
    public let filters: Veto?
    /// The veto of the whole stack.
    public let whole: Veto?
    /// The flags of FS_BPIO_OUTPUT.
    public let flags: UInt32
    public let storageType: String
    public let storageDriver: String
    /// Top to bottom.
    public let layers: [Layer]
    /// For people.
    public let facts: [String]
    /// The same as fields; nil of a service that tells none.
    public let fields: [HostFact]?
    /// Fields beyond the room of an attribute, as a volume of very many disks has.
    public let furtherFields: Int?

    package init(
        filters: Veto?, whole: Veto?, flags: UInt32, storageType: String, storageDriver: String,
        layers: [Layer], facts: [String], fields: [HostFact],
        furtherFields: Int
    ) {
        self.filters = filters
        self.whole = whole
        self.flags = flags
        self.storageType = storageType
        self.storageDriver = storageDriver
        self.layers = layers
        self.facts = facts
        self.fields = fields
        self.furtherFields = furtherFields
    }
}

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
