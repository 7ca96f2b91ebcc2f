internal import BypassIOProtocol
internal import IOStack

/// What every layer of a mounted volume says to a QUERY of a file, and what the host knows of the
/// file behind the mount, in JSON, as an extended attribute that is not listed.
///
/// It is asked without an open of the program's, which would change what is asked about.
struct StackReport {
    static let attributeName = Array("user.bypassio.stack".utf8)

    private let filters: FSBypassIOOutput
    private let whole: FSBypassIOOutput
    private let layers: [LayerAnswer]
    private let facts: [String]
    private let storage: any StorageDriver

    /// Asks on behalf of `requestor`; throws what a request failed with.
    init(of file: FileObject, _ requestor: Requestor) throws(IOFailure) {
        filters = try file.bypassIO(
            .query, flags: .skipStorageStackQuery, requestor: requestor)
        whole = try file.bypassIO(.query, requestor: requestor)
        layers = try file.explainBypassIO()
        facts = file.volume.fileSystem.facts(of: file)
        storage = file.volume.stack.storage
    }

    var json: String {
        JSONText.object([
            ("filters", Self.verdict(filters)),
            ("whole", Self.verdict(whole)),
            ("flags", "\(whole.flags.rawValue)"),
            ("storageType", JSONText.string(storage.storageType)),
            ("storageDriver", JSONText.string(storage.name)),
            ("layers", "[\(layers.map(Self.layer).joined(separator: ","))]"),
            ("facts", "[\(facts.map(JSONText.string).joined(separator: ","))]"),
        ])
    }

    private static func verdict(_ output: FSBypassIOOutput) -> String {
        guard let results = output.results, results.status.isError else { return "null" }
        return veto(
            BypassVeto(
                driver: results.driverName.string, status: results.status,
                reason: results.failureReason.string))
    }

    private static func veto(_ veto: BypassVeto) -> String {
        JSONText.object([
            ("driver", JSONText.string(veto.driver)), ("status", "\(veto.status.rawValue)"),
            ("reason", JSONText.string(veto.reason)),
        ])
    }

    private static func layer(_ answer: LayerAnswer) -> String {
        JSONText.object([
            ("layer", JSONText.string(answer.layer.rawValue)),
            ("driver", JSONText.string(answer.driver)),
            ("altitude", answer.altitude.map { JSONText.string($0.description) } ?? "null"),
            ("veto", answer.veto.map(veto) ?? "null"),
        ])
    }
}
