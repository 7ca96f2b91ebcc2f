import BypassIOProtocol
import HostFileSystem
import IOStack
import SystemPackage
import Terminal

/// What `bypassio state` found.
struct StateReport: Encodable {
    struct Layer: Encodable {
        let layer: String
        let driver: String
        /// Of a filter.
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
    /// Of a file on a mounted volume: why its reads take the traditional route at this moment,
    /// although nobody refuses; nil if they do not.
    let traditionalBecause: String?
    /// Of a file on a mounted volume: who has it open, and which way their reads go.
    let handles: [StreamReport.Handle]
    /// There may be more than can be told of.
    let furtherHandles: Int
    let layers: [Layer]
    /// Facts of the file and what it lies on, for people; on a mounted volume of the file behind
    /// the mount.
    let facts: [String]

    /// Mounts a volume over the path, asks it, and takes it down again.
    init(of place: HostPath) throws {
        path = place.named
        resolvedPath = place.resolved.string
        if let mounted = try MountedState(of: place) {
            verdict = mounted.verdict
            traditionalBecause = mounted.traditionalBecause
            handles = mounted.handles
            furtherHandles = mounted.furtherHandles
            layers = mounted.layers.map(Layer.init)
            facts = mounted.facts
            return
        }
        facts = try place.inspect().facts
        traditionalBecause = nil
        (handles, furtherHandles) = ([], 0)
        let io = IOManager()
        // A mount point stands for its volume; anything else is looked up from its directory.
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
    /// Without `verbose` and `handles` the lines of fsutil alone: scripts that read those read
    /// these.
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
        let reason = because.map { ", because \($0)" } ?? ""
        return "Open by process \(openedBy): \(route)\(reason)\(warning)".asSentence
    }

    /// What no filter can do about the kernel's own reads.
    private var warning: String {
        guard isReadByKernel else { return "" }
        return isRevocable
            ? " (what it maps of the file cannot be stopped)"
            : " (neither its reads nor what it maps of the file can be stopped)"
    }
}
