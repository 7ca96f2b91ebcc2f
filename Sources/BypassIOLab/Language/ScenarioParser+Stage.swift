import BypassIOProtocol
import IOStack

/// The stack: filters, drivers, files.
extension ScenarioParser {
    mutating func stageHeader(_ cursor: inout TokenCursor) throws(Diagnostic) {
        if cursor.take("filter") {
            let name = try newName(&cursor, "a filter's name", parts.stage.filters.map(\.name))
            parts.stage.filters.append(FilterDescription(name: name))
            block = .filter(parts.stage.filters.count - 1)
        } else if cursor.take("volume", "driver") {
            let name = try newName(
                &cursor, "a volume driver's name", parts.stage.drivers.map(\.name))
            parts.stage.drivers.append(DriverDescription(name: name))
            block = .driver(parts.stage.drivers.count - 1)
        } else if cursor.take("storage", "driver") {
            parts.stage.storage.name = try cursor.name("the storage driver's name")
            block = .storage
        } else if cursor.take("drains", "end", "after") {
            let limit = try cursor.number("milliseconds", in: 1...3_600_000)
            try cursor.need("ms")
            parts.stage.drainLimit = .milliseconds(Int64(limit))
        } else if cursor.take("file", "system") {
            parts.stage.fileSystemName = try cursor.name("the file system's name")
        } else if cursor.take("file") {
            let path = try newPath(&cursor)
            parts.stage.files.append(FileDescription(path: path))
            block = .file(parts.stage.files.count - 1)
        } else if cursor.take("directory") {
            parts.stage.directories.append(try newPath(&cursor))
        } else {
            throw cursor.fault(
                "scenario, proves, only in process, only on the mount, known to fail, filter, "
                    + "volume driver, storage driver, drains, file system, file, directory or steps"
            )
        }
    }

    private func newName(
        _ cursor: inout TokenCursor, _ what: String, _ taken: [String]
    ) throws(Diagnostic) -> String {
        let before = cursor
        let name = try cursor.name(what)
        guard !taken.contains(name) else { throw before.fault("\(what) that is not taken") }
        return name
    }

    /// A name in the volume's root. That is enough for every rule, and no name can lead out of it.
    private func newPath(_ cursor: inout TokenCursor) throws(Diagnostic) -> String {
        let before = cursor
        let taken = parts.stage.files.map(\.path) + parts.stage.directories
        let path = try newName(&cursor, "a name", taken)
        guard path.utf8.count <= 200, path != ".", path != "..",
            !path.unicodeScalars.contains(where: { $0 == "/" || $0.value < 0x20 })
        else { throw before.fault("a name without '/', at most 200 bytes long") }
        return path
    }

    // MARK: Properties

    mutating func filterProperty(
        _ cursor: inout TokenCursor, _ index: Int
    ) throws(Diagnostic) {
        var filter = parts.stage.filters[index]
        if cursor.take("altitude") {
            filter.altitude = try altitude(&cursor)
        } else if cursor.take("does", "not", "know", "BypassIO") {
            filter.isOptedIn = false
        } else if cursor.take("legacy") {
            filter.isLegacy = true
        } else if cursor.take("sees") {
            (filter.seesReads, filter.seesWrites) = try cursor.choice(
                [
                    ("nothing", (false, false)), ("reads", (true, false)),
                    ("writes", (false, true)), ("everything", (true, true)),
                ], "what the filter sees")
        } else if cursor.take("skips", "non-cached", "reads") {
            filter.readFlags.insert(.skipNonCachedNonPagingIO)
        } else if cursor.take("skips", "cached", "reads") {
            filter.readFlags.insert(.skipCachedIO)
        } else if cursor.take("attached", "later") {
            filter.isAttachedLater = true
        } else if cursor.take("refuses", "detach") {
            filter.refusesDetach = true
        } else if cursor.take("refuses", "attach") {
            filter.refusesAttach = true
        } else if let rule = try vetoRule(&cursor) {
            filter.vetoes.append(rule)
        } else {
            throw cursor.fault(
                "altitude, does not know BypassIO, legacy, sees, skips cached reads, "
                    + "skips non-cached reads, attached later, refuses attach, refuses detach, "
                    + "vetoes or fails")
        }
        parts.stage.filters[index] = filter
    }

    mutating func driverProperty(
        _ cursor: inout TokenCursor, _ index: Int
    ) throws(Diagnostic) {
        if cursor.take("does", "not", "know", "BypassIO") {
            parts.stage.drivers[index].isOptedIn = false
        } else if cursor.word == "vetoes", let rule = try vetoRule(&cursor) {
            parts.stage.drivers[index].vetoes.append(rule)
        } else {
            throw cursor.fault("does not know BypassIO, or vetoes")
        }
    }

    mutating func storageProperty(_ cursor: inout TokenCursor) throws(Diagnostic) {
        if cursor.take("does", "not", "know", "BypassIO") {
            parts.stage.storage.isOptedIn = false
        } else if cursor.take("type") {
            parts.stage.storage.type = try cursor.name("a storage type, such as NVMe")
        } else if cursor.take("alignment") {
            let before = cursor
            let value = try cursor.number("an alignment in bytes", in: 1...65536, withUnit: true)
            guard value.nonzeroBitCount == 1 else { throw before.fault("a power of 2") }
            parts.stage.storage.alignment = UInt32(value)
        } else if cursor.word == "vetoes", let rule = try vetoRule(&cursor) {
            parts.stage.storage.vetoes.append(rule)
        } else {
            throw cursor.fault("does not know BypassIO, type, alignment or vetoes")
        }
    }

    mutating func fileProperty(_ cursor: inout TokenCursor, _ index: Int) throws(Diagnostic) {
        if cursor.take("size") {
            parts.stage.files[index].size = try cursor.count("a size in bytes", in: 0...(64 << 20))
        } else {
            parts.stage.files[index].attributes.formUnion(try attributes(&cursor))
        }
    }

    // MARK: Values

    func attributes(_ cursor: inout TokenCursor) throws(Diagnostic) -> FileAttributes {
        var attributes: FileAttributes = []
        repeat {
            attributes.formUnion(
                try cursor.choice(Vocabulary.attributes, "an attribute of a file"))
        } while cursor.take(.comma)
        return attributes
    }

    func altitude(_ cursor: inout TokenCursor) throws(Diagnostic) -> Altitude {
        guard let word = cursor.word, let altitude = Altitude(word) else {
            throw cursor.fault("an altitude, such as 370100 or 370100.5")
        }
        cursor.skip()
        return altitude
    }

    /// `vetoes OPERATION, … [on FILE] with STATUS "REASON"` or `fails … with STATUS [afterwards]`;
    /// nil if the line begins with neither.
    func vetoRule(_ cursor: inout TokenCursor) throws(Diagnostic) -> VetoRule? {
        let isVeto = cursor.take("vetoes")
        guard isVeto || cursor.take("fails") else { return nil }
        var operations: Set<BypassIOOperation> = []
        repeat {
            operations.insert(try cursor.choice(Vocabulary.operations, "an operation"))
        } while cursor.take(.comma)
        let path = cursor.take("on") ? try knownFile(&cursor) : nil
        try cursor.need("with")
        let status = try cursor.status()
        let manner: VetoRule.Manner
        if isVeto {
            manner = .veto(reason: try cursor.text("the reason"))
        } else {
            manner = cursor.take("afterwards") ? .lateFailure : .failure
        }
        return VetoRule(operations: operations, path: path, status: status, manner: manner)
    }

    func knownFile(_ cursor: inout TokenCursor) throws(Diagnostic) -> String {
        switch cursor.next?.kind {
        case .word(let name), .text(let name):
            guard describedFiles.contains(name) else { break }
            cursor.skip()
            return name
        default: break
        }
        throw cursor.fault("a file that is described")
    }
}
