import BypassIOProtocol
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio state` without a path: a line for each bypassio volume that this process sees.
struct VolumesState: Encodable {
    /// A mounted volume.
    struct Row: Encodable {
        let mountPoint: String
        let source: String
        /// Which way reads go where nothing about their file is in the way; nil: the service does
        /// not answer.
        let route: String?
        /// The first layer that refuses, and why; nil: nobody does.
        let blocker: String?
        let openHandles: Int?
        let handlesWithBypass: Int?

        init(_ entry: MountEntry) {
            mountPoint = entry.mountPoint.string
            source = entry.source
            let report: VolumeReport
            do {
                report = try VolumeReport(of: entry.mountPoint, named: mountPoint)
            } catch {
                route = nil
                blocker = (error as? CommandError)?.message ?? "\(error)"
                (openHandles, handlesWithBypass) = (nil, nil)
                return
            }
            openHandles = report.openHandles
            handlesWithBypass = report.activeBypassCount
            let refuser = report.filters.first { !$0.supportsBypassIO }
            let state = try? StateReport(of: HostPath(mountPoint))
            let refusal = state?.layers.first { $0.isInTheWay }
            if !report.offersBypass {
                route = HandleRoute.traditional.rawValue
                blocker = "the volume was mounted with bypass=off"
            } else if let refuser {
                route = HandleRoute.traditional.rawValue
                blocker = "\(refuser.name), which does not know BypassIO"
            } else if let refusal {
                route =
                    refusal.layer == "filter"
                    ? HandleRoute.traditional.rawValue
                    : "\(HandleRoute.serviceBypass), filters only"
                blocker = "\(refusal.driver): \(refusal.reason ?? "it refuses")"
            } else {
                route =
                    report.kernelRoute.isOffered
                    ? HandleRoute.kernelBypass.rawValue : "\(HandleRoute.serviceBypass), if asked"
                blocker = nil
            }
        }
    }

    let volumes: [Row]

    init(_ mounts: MountTable = .current) {
        // A later mount hides an earlier one at the same place.
        let visible = mounts.entries.filter { mounts.top(at: $0.mountPoint)?.id == $0.id }
        volumes = visible.filter { $0.fileSystemType == "fuse.bypassio" }.map(Row.init)
    }

    var lines: [String] {
        guard !volumes.isEmpty else {
            return ["No bypassio volume is mounted here: bypassio mount SOURCE MOUNTPOINT."]
        }
        var table = TextTable([
            ("mount point", .left), ("source", .left), ("route", .left), ("open", .right),
            ("bypassing", .right), ("in the way", .left),
        ])
        for row in volumes {
            table.append([
                row.mountPoint, row.source, row.route ?? "no answer",
                row.openHandles.map { String($0) } ?? "",
                row.handlesWithBypass.map { String($0) }
                    ?? "", row.blocker ?? "nobody",
            ])
        }
        return table.lines
    }
}
