import BypassIOProtocol
import HostFileSystem
import IOStack
import SystemPackage
import Terminal

/// The results of `bypassio state`.
struct StateReport: Encodable {
    struct Layer: Encodable {
        let layer: String
        let driver: String
        /// For a filter.
        let altitude: String?
        let isInTheWay: Bool
        let ntStatus: UInt32
        let ntStatusName: String?
        let reason: String?

        init(_ answer: LayerAnswer) {
            layer = answer.layer.rawValue
            driver = answer.driver
            altitude = answer.altitude?.description
            isInTheWay = answer.veto != nil
            ntStatus = (answer.veto?.status ?? .success).rawValue
            ntStatusName = (answer.veto?.status ?? .success).name
            reason = answer.veto?.reason
        }
    }

    let path: String
    let resolvedPath: String
    let verdict: BypassVerdict
    /// For a file on a mounted volume: why its reads now take the traditional route, although no
    /// layer refuses; nil if they do not.
    let traditionalBecause: String?
    /// For a file on a mounted volume: its open handles, and the routes of their reads.
    let handles: [StreamReport.Handle]
    /// Handles that the report has left out.
    let furtherHandles: Int
    let layers: [Layer]
    /// Facts about the file and its disk, for people; on a mounted volume about the file behind the
    /// mount.
    let facts: [String]
    /// The same as fields, each with its source.
    let hostFacts: [HostFact]
    /// Fields that the report has left out.
    let furtherHostFacts: Int

    /// Mounts a volume over the path, asks it, and dismounts it.
    init(of place: HostPath) throws {
        path = place.named
        resolvedPath = place.resolved.string
        if let mounted = try MountedState(of: place) {
            verdict = mounted.verdict
            traditionalBecause = mounted.traditionalBecause
            handles = mounted.handles
            furtherHandles = mounted.furtherHandles
            layers = mounted.layers.map(Layer.init)
            (facts, hostFacts) = (mounted.facts.lines, mounted.facts.fields)
            furtherHostFacts = mounted.furtherFacts
            return
        }
        let inspection = try place.inspect()
        (facts, hostFacts) = (inspection.facts, inspection.fields)
        furtherHostFacts = 0
        traditionalBecause = nil
        (handles, furtherHandles) = ([], 0)
        let io = IOManager()
        // A mount point stands for its volume; any other path is looked up from its directory.
        let root = place.isMountPoint ? place.resolved : place.resolved.removingLastComponent()
        let name = place.isMountPoint ? nil : place.resolved.lastComponent
        do {
            let volume = try HostVolume.mount(directory: root, on: io)
            let file = try volume.open(name.map { FilePath(root: nil, [$0]) } ?? "")
            defer { file.close() }
            verdict = try BypassVerdict(of: file)
            layers = try file.explainBypassIO().map(Layer.init)
        } catch let failure as IOFailure {
            throw HostPath.error(
                place.named, failure.errno, at: place.resolved)
        } catch let error as HostVolumeError {
            throw CommandError(.noInput, "\(error)")
        }
    }
}

extension StateReport {
    /// Without `verbose` and `handles` only the lines of fsutil, so that scripts for those can
    /// parse these.
    func lines(verbose: Bool, handles showsHandles: Bool) -> [String] {
        let routes =
            (traditionalBecause.map {
                ["Its reads take the traditional route now, because \($0)".asSentence]
            } ?? []) + handles.map(\.line)
            + (furtherHandles > 0 ? ["And \(furtherHandles) more."] : [])
        let verdictLines =
            verdict.fsutilLines(path: path, verbose: verbose)
            + (verbose || showsHandles ? routes : [])
        guard verbose else { return verdictLines }
        var table = TextTable([
            ("layer", .left), ("driver", .left), ("altitude", .right), ("answer", .left),
            ("reason", .left),
        ])
        for layer in layers {
            table.append([
                layer.layer, layer.driver, layer.altitude ?? "",
                layer.isInTheWay ? layer.ntStatusName ?? "refuses" : "lets BypassIO through",
                layer.reason ?? "",
            ])
        }
        return verdictLines + ["", "Every layer, top to bottom:"] + table.lines
            + ["", "What the host says:"] + facts
    }
}

extension StreamReport.Handle {
    fileprivate var line: String {
        // What changed the route is often what keeps it.
        let since = cause == because ? "" : ", since \(cause)"
        let reason = because.map { ", because \($0)" } ?? ""
        let time = Figures.ago(seconds: seconds)
        return "Open by process \(openedBy): \(route) for \(time)\(since)\(reason)\(warning)"
            .asSentence
    }

    /// What the filters cannot stop when the kernel reads the file itself.
    private var warning: String {
        guard isReadByKernel else { return "" }
        return isRevocable
            ? " (what it maps of the file cannot be stopped)"
            : " (neither its reads nor what it maps of the file can be stopped)"
    }
}
