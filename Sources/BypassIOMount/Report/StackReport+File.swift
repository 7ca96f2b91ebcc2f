internal import BypassIOProtocol
internal import IOStack

extension StackReport {
    /// Asks on behalf of `requestor`; throws the failure of a request.
    init(of file: FileObject, _ requestor: Requestor) throws(IOFailure) {
        let filters = try file.bypassIO(
            .query, flags: .skipStorageStackQuery, requestor: requestor)
        let whole = try file.bypassIO(.query, requestor: requestor)
        let storage = file.volume.stack.storage
        let facts = file.volume.fileSystem.facts(of: file)
        let told = Self.countWithin(room: Self.room, facts.fields)
        self.init(
            filters: Veto(filters), whole: Veto(whole), flags: whole.flags.rawValue,
            storageType: storage.storageType, storageDriver: storage.name,
            layers: try file.explainBypassIO().map(Layer.init),
            facts: facts.lines, fields: Array(facts.fields.prefix(told)),
            furtherFields: facts.fields.count - told)
    }

    /// The limit of the fields' list in bytes: Linux takes 65,536 for an attribute.
    private static var room: Int { 32_000 }

    private static func countWithin(room: Int, _ fields: [HostFact]) -> Int {
        var size = 0
        return fields.firstIndex { field in
            size += ReportText.json(field).count + 1
            return size > room
        } ?? fields.count
    }
}

extension StackReport.Veto {
    fileprivate init?(_ output: FSBypassIOOutput) {
        guard let results = output.results, results.status.isError else { return nil }
        self.init(BypassVeto(results))
    }

    fileprivate init(_ veto: BypassVeto) {
        self.init(driver: veto.driver, status: veto.status.rawValue, reason: veto.reason)
    }
}

extension StackReport.Layer {
    fileprivate init(_ answer: LayerAnswer) {
        self.init(
            layer: answer.layer.rawValue, driver: answer.driver,
            altitude: answer.altitude?.description, veto: answer.veto.map(StackReport.Veto.init))
    }
}
