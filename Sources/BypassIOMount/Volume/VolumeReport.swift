internal import IOStack

/// What a mounted volume tells about itself: the filters and their counters, in JSON, as an
/// extended attribute of its root that is not listed.
struct VolumeReport {
    static let attributeName = Array("user.bypassio.filters".utf8)

    private let fileSystem: VolumeFileSystem

    init(_ fileSystem: VolumeFileSystem) {
        self.fileSystem = fileSystem
    }

    var json: String {
        let volume = fileSystem.volume
        let filters = volume.instances.map { instance in
            let runs = instance.callbacksRun
            return Self.object([
                ("name", Self.text(instance.filter.name)),
                ("altitude", Self.text(instance.altitude.description)),
                ("supportsBypassIO", instance.filter.isOptedIn ? "true" : "false"),
                ("preCallbacks", "\(runs.pre)"), ("postCallbacks", "\(runs.post)"),
            ])
        }
        let reads = fileSystem.handles.readsByRoute
        return Self.object([
            ("volume", Self.text(volume.name)),
            ("fileSystem", Self.text(volume.fileSystem.name)),
            ("storageType", Self.text(volume.stack.storage.storageType)),
            ("activeBypassCount", "\(volume.activeBypassCount)"),
            ("openHandles", "\(fileSystem.handles.count)"),
            ("knownInodes", "\(fileSystem.nodes.count)"),
            ("filters", "[\(filters.joined(separator: ","))]"),
            (
                "reads",
                Self.object([
                    ("traditional", "\(reads[.traditional] ?? 0)"),
                    ("storageBypass", "\(reads[.storageBypass] ?? 0)"),
                    ("filterBypass", "\(reads[.filterBypass] ?? 0)"),
                    ("fullBypass", "\(reads[.fullBypass] ?? 0)"),
                ])
            ),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
    }

    private static func text(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
