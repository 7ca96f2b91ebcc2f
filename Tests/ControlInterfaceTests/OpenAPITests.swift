import BypassIOProtocol
import ControlInterface
import Foundation
import Testing

/// docs/openapi.yaml says what the code does: every route, every field.
struct OpenAPITests {
    private static let document: YAMLNode = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/openapi.yaml").standardized
        return YAMLNode(parsing: (try? String(contentsOf: path, encoding: .utf8)) ?? "")
    }()

    private static let schemas = document["components"]["schemas"]

    @Test("every route is described, and nothing else is")
    func routes() {
        let methods: Set = ["get", "post", "put", "patch", "delete"]
        let described = Self.document["paths"].entries.flatMap { path, node in
            node.entries.filter { methods.contains($0.key) }.map {
                "\($0.key.uppercased()) \(path)"
            }
        }
        let routes = ControlRoute.all.map { "\($0.method) \($0.path)" }
        #expect(described.sorted() == routes.sorted() && !routes.isEmpty)
        for path in Self.document["paths"].entries where path.key.contains("{name}") {
            for method in path.value.entries {
                #expect(
                    method.value["parameters"].items.contains {
                        $0["$ref"].text == "#/components/parameters/name"
                    })
            }
        }
    }

    /// One of each, with all that may be left out, and with nothing that may.
    private static let samples:
        [(name: String, whole: any Encodable & Sendable, least: (any Encodable & Sendable)?)] = [
            (
                "ControlFault", ControlFault(400, "reason", "message", advice: "advice"),
                ControlFault(400, "reason", "message")
            ),
            ("ServiceReport", TestVolume().identity(clients), nil),
            ("VolumeReport", volume, nil),
            (
                "FiltersReport", filters(["a"]), filters(nil)
            ),
            ("InstanceReport", TestVolume.instance("a", ["key": "value"]), nil),
            (
                "AttachReport",
                AttachReport(
                    instance: TestVolume.instance("a", ["key": "value"]), effect: "effect"),
                AttachReport(instance: TestVolume.instance("a", ["key": "value"]), effect: nil)
            ),
            ("DetachReport", DetachReport(isGone: true, requestsWithin: 0), nil),
            ("RestartReport", RestartReport(process: 1, pauseMilliseconds: 2), nil),
            (
                "AttachOrder", AttachOrder(filter: "a", altitude: "1", settings: ["key": "value"]),
                AttachOrder(filter: "a")
            ),
            ("SettingsOrder", SettingsOrder(settings: ["key": "value"]), nil),
            ("EventPage", EventPage(events: [wholeEvent], lost: 0, next: 1), nil),
            ("ServiceEvent", wholeEvent, TestVolume.events[0]),
            ("ActivityReport", activity, nil),
            ("TraceRecord", trace(isWhole: true), trace(isWhole: false)),
            ("TraceLayer", traceLayer(isWhole: true), traceLayer(isWhole: false)),
            ("TraceRefusal", traceRefusal("STATUS"), traceRefusal(nil)),
            ("QuestionReport", TestVolume.question("program"), TestVolume.question(nil)),
            ("AnswerOrder", AnswerOrder(answer: "allow", scope: "once"), nil),
            ("PortReport", TestVolume.port("echo"), nil),
            ("PolicyVerdictReport", TestVolume.verdict("rule"), TestVolume.verdict(nil)),
        ]

    private static let wholeEvent: ServiceEvent = {
        var event = TestVolume.events[0]
        event.driver = "a"
        event.altitude = "1"
        event.path = "file"
        event.operation = "FS_BPIO_OP_QUERY"
        event.status = 1
        event.statusName = "STATUS"
        event.reason = "reason"
        event.cause = "cause"
        event.errno = 5
        return event
    }()

    private static func trace(isWhole: Bool) -> TraceRecord {
        var record = TraceRecord(
            number: 1, time: "2026-03-01T12:00:00.000000Z", begin: 1, nanoseconds: 2,
            operation: "READ", unique: 3, process: 4, thread: 5, user: 0,
            layers: [traceLayer(isWhole: isWhole)], furtherLayers: 0)
        guard isWhole else { return record }
        record.path = "file"
        (record.offset, record.length) = (0, 4096)
        record.route = .traditional
        record.control = "FS_BPIO_OP_ENABLE"
        record.refusal = traceRefusal("STATUS")
        (record.bytes, record.errno) = (4096, 5)
        return record
    }

    private static func traceLayer(isWhole: Bool) -> TraceRecord.Layer {
        guard isWhole else {
            return TraceRecord.Layer(kind: "storage", name: "a", depth: 0, begin: 1, nanoseconds: 2)
        }
        return TraceRecord.Layer(
            kind: "preCallback", name: "a", altitude: "1", outcome: "passed", status: 0,
            statusName: "STATUS_SUCCESS", depth: 1, begin: 1, nanoseconds: 2)
    }

    private static func traceRefusal(_ name: String?) -> TraceRecord.Refusal {
        TraceRecord.Refusal(driver: "a", status: 1, statusName: name, reason: "reason")
    }

    private static let activity: ActivityReport = {
        let reader = ActivityReport.Reader(
            name: "file", readsPerSecond: 1.5, bytesPerSecond: 1, routes: [.gated: 1])
        return ActivityReport(
            seconds: 1.5, openHandles: 1, handlesWithBypass: 1,
            routes: [
                .gated: ActivityReport.Rate(
                    opensPerSecond: 0.5, readsPerSecond: nil, bytesPerSecond: 1)
            ],
            filters: [
                ActivityReport.Filter(
                    name: "a", altitude: "1", supportsBypassIO: true, callbacksPerSecond: 0.5,
                    p50: 1, p99: 2)
            ], files: [reader], processes: [reader])
    }()

    private static let clients = ServiceReport.Clients(
        connected: 1, accepted: 1, refusedBusy: 0, refusedUser: 0, refusedToken: 0,
        cutOff: 0, malformed: 0)

    private static func filters(_ allowed: [String]?) -> FiltersReport {
        FiltersReport(
            filters: [
                FiltersReport.Filter(
                    name: "a", instances: 1, altitude: "1", frame: 0, supportsBypassIO: true,
                    isAllowed: true, settings: ["key": "value"])
            ], allowed: allowed, isBypassBlocked: false)
    }

    private static let volume = VolumeReport(
        volume: "/source", offersBypass: true, fileSystem: "ext4", storageType: "NVMe",
        activeBypassCount: 0,
        suspend: "strict", openHandles: 0, knownInodes: 1,
        filters: [
            VolumeReport.Filter(
                name: "a", altitude: "1", supportsBypassIO: true, features: ["bypassIO"],
                preCallbacks: 1, postCallbacks: 1,
                callbackTimes: LatencyReport(counts: [1], nanoseconds: 70))
        ], supportedFeatures: ["bypassIO"],
        reads: VolumeReport.Reads(traditional: 0, storageBypass: 0, filterBypass: 0, fullBypass: 0),
        routes: [.gated: VolumeReport.Route(opens: 1, reads: nil, bytes: 1)],
        traditionalBecause: ["a cause": 1],
        kernelRoute: VolumeReport.KernelRoute(
            isOffered: true, openHandles: 0, gatedReads: 0, failsAtCrash: true, guardedFiles: 1,
            guardian: 1))

    private static func json(_ value: any Encodable) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
    }

    @Test("every field of every type is described, with its type, and no other field is")
    func fields() throws {
        var seen: Set<String> = []
        for sample in Self.samples {
            let schema = Self.schemas[sample.name]
            seen.insert(sample.name)
            try Self.expect(Self.json(sample.whole), schema, sample.name, &seen)
            let least = try Self.json(sample.least ?? sample.whole)
            #expect(
                least.fields.keys.sorted() == schema["required"].items.map(\.text).sorted(),
                "what \(sample.name) always has")
        }
        #expect(seen.sorted() == Self.schemas.entries.map(\.key).sorted())
    }

    private static func expect(
        _ value: JSONValue, _ schema: YAMLNode, _ place: String, _ seen: inout Set<String>
    ) throws {
        if let name = schema["$ref"].text.split(separator: "/").last.map(String.init) {
            seen.insert(name)
            return try expect(value, schemas[name], "\(place) (\(name))", &seen)
        }
        let named = schema["type"]
        let types = named.items.isEmpty ? [named.text] : named.items.map(\.text)
        #expect(types.contains(value.type), "\(place) is \(value), not \(types)")
        if case .array(let items) = value {
            #expect(!items.isEmpty, "no sample of \(place)")
            for one in items { try expect(one, schema["items"], "\(place)[]", &seen) }
        }
        let properties = schema["properties"].entries
        guard properties.isEmpty else {
            #expect(value.fields.keys.sorted() == properties.map(\.key).sorted(), "of \(place)")
            for (key, node) in properties {
                if let one = value.fields[key] { try expect(one, node, "\(place).\(key)", &seen) }
            }
            return
        }
        for (key, one) in value.fields {
            try expect(one, schema["additionalProperties"], "\(place).\(key)", &seen)
        }
    }
}

/// JSON with the types that OpenAPI names.
private enum JSONValue: Decodable {
    case null
    case boolean
    case integer
    case number
    case string
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if (try? container.decode(Bool.self)) != nil {
            self = .boolean
        } else if (try? container.decode(Int.self)) != nil {
            self = .integer
        } else if (try? container.decode(Double.self)) != nil {
            self = .number
        } else if (try? container.decode(String.self)) != nil {
            self = .string
        } else if let items = try? container.decode([JSONValue].self) {
            self = .array(items)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    var type: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    var fields: [String: JSONValue] {
        if case .object(let fields) = self { fields } else { [:] }
    }
}
