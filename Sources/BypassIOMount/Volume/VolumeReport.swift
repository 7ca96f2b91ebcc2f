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
            return JSONText.object([
                ("name", JSONText.string(instance.filter.name)),
                ("altitude", JSONText.string(instance.altitude.description)),
                ("supportsBypassIO", instance.filter.isOptedIn ? "true" : "false"),
                ("features", names(instance.filter.features)),
                ("preCallbacks", "\(runs.pre)"), ("postCallbacks", "\(runs.post)"),
            ])
        }
        let reads = fileSystem.handles.readsByRoute
        let kernel = fileSystem.handles.kernelReads
        return JSONText.object([
            ("volume", JSONText.string(volume.name)),
            ("fileSystem", JSONText.string(volume.fileSystem.name)),
            ("storageType", JSONText.string(volume.stack.storage.storageType)),
            ("activeBypassCount", "\(volume.activeBypassCount)"),
            ("suspend", JSONText.string(volume.suspensionPolicy.rawValue)),
            ("openHandles", "\(fileSystem.handles.count)"),
            ("knownInodes", "\(fileSystem.nodes.count)"),
            ("filters", "[\(filters.joined(separator: ","))]"),
            ("supportedFeatures", names(volume.supportedFeatures)),
            (
                "reads",
                JSONText.object([
                    ("traditional", "\(reads[.traditional] ?? 0)"),
                    ("storageBypass", "\(reads[.storageBypass] ?? 0)"),
                    ("filterBypass", "\(reads[.filterBypass] ?? 0)"),
                    ("fullBypass", "\(reads[.fullBypass] ?? 0)"),
                ])
            ),
            ("routes", JSONText.object(routes)),
            ("traditionalBecause", JSONText.object(causes)),
            (
                "kernelRoute",
                JSONText.object([
                    ("isOffered", fileSystem.kernelRoute?.isWorking == true ? "true" : "false"),
                    ("openHandles", "\(kernel.handles)"), ("gatedReads", "\(kernel.gated)"),
                ])
            ),
        ])
    }

    private func names(_ features: FilterRegistration.Features) -> String {
        "[\(features.names.map(JSONText.string).joined(separator: ","))]"
    }

    /// Opens and reads so far. What the kernel reads without asking is not counted.
    private var routes: [(String, String)] {
        let tally = fileSystem.handles.tally
        return HandleRoute.allCases.map { route in
            let counts = tally[route]
            let isCounted = route != .kernelBypass
            return (
                route.rawValue,
                JSONText.object([
                    ("opens", "\(counts.opens)"),
                    ("reads", isCounted ? "\(counts.reads)" : "null"),
                    ("bytes", isCounted ? "\(counts.bytes)" : "null"),
                ])
            )
        }
    }

    /// Of handles with bypass; only causes that there were.
    private var causes: [(String, String)] {
        fileSystem.handles.traditionalReadsByCause.filter { $0.value > 0 }
            .sorted { $0.key.rawValue < $1.key.rawValue }
            .map { ($0.key.description, "\($0.value)") }
    }
}
