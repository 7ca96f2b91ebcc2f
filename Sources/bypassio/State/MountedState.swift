import BypassIOProtocol
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import SystemPackage
import Terminal

/// A mounted volume's report about one of its files, in attributes of the file. It needs no open,
/// which would have the file scanned, granted to the kernel, or suspended.
struct MountedState {
    let verdict: BypassVerdict
    /// Why the file's reads now take the traditional route; nil if they do not.
    let traditionalBecause: String?

    /// The open handles and the routes of their reads.
    let handles: [StreamReport.Handle]
    /// Handles that the report has left out.
    let furtherHandles: Int
    /// From top to bottom.
    let layers: [LayerAnswer]
    /// The host's facts about the file behind the mount.
    let facts: HostFacts
    /// Fields that the report has left out.
    let furtherFacts: Int

    /// nil if the file has no such attribute.
    private static func attribute<Facts: Decodable>(
        _ name: String, of file: FileDescriptor, as type: Facts.Type
    ) throws -> Facts? {
        let text: [UInt8]
        do throws(Errno) {
            text = try SystemCall.extendedAttribute(Array(name.utf8), of: file)
        } catch {
            switch error {
            case .noData, .notSupported, .noFunction: return nil
            default: throw error
            }
        }
        return try? JSONDecoder().decode(type, from: Data(text))
    }

    /// The open handles of a file and the routes of their reads; empty where the file is on no
    /// bypassio volume.
    static func handles(of file: FileDescriptor) -> [StreamReport.Handle] {
        let facts = try? attribute(StreamReport.attribute, of: file, as: StreamReport.self)
        return facts?.handles ?? []
    }

    /// nil where the path is on no bypassio volume.
    init?(of place: HostPath) throws {
        guard place.topology.fileSystem.hasPrefix("fuse") else { return nil }
        let stack: StackReport
        let stream: StreamReport
        do {
            let file = try SystemCall.open(place.resolved, .pathOnly)
            // Asks for the open handles before the service opens the file itself for its answers.
            guard
                let told = try Self.attribute(
                    StreamReport.attribute, of: file.descriptor, as: StreamReport.self),
                let answers = try Self.attribute(
                    StackReport.attribute, of: file.descriptor, as: StackReport.self)
            else { return nil }
            (stream, stack) = (told, answers)
        } catch let error as Errno {
            throw place.meaning(of: error)
        }
        traditionalBecause = stream.traditionalBecause
        handles = stream.handles
        furtherHandles = stream.furtherHandles
        layers = stack.layers.map(LayerAnswer.init)
        furtherFacts = stack.furtherFields ?? 0
        facts = HostFacts(lines: stack.facts, fields: stack.fields ?? [])
        verdict = BypassVerdict(
            filters: Self.output(stack.filters, flags: stack.flags),
            whole: Self.output(stack.whole, flags: stack.flags),
            storageType: stack.storageType, storageDriver: stack.storageDriver)
    }

    /// In the form of the control code.
    private static func output(_ veto: StackReport.Veto?, flags: UInt32) -> FSBypassIOOutput {
        FSBypassIOOutput(
            operation: .query, flags: BypassIOOutputFlags(rawValue: flags),
            body: .results(veto.map { BypassVeto($0) }?.results ?? BypassIOResults()))
    }
}

extension StreamReport.Handle {
    var isReadByKernel: Bool { route.isReadByKernel }
}

extension BypassVeto {
    fileprivate init(_ veto: StackReport.Veto) {
        self.init(
            driver: veto.driver, status: NTStatus(rawValue: veto.status), reason: veto.reason)
    }
}

extension LayerAnswer {
    fileprivate init(_ layer: StackReport.Layer) {
        self.init(
            layer: Layer(rawValue: layer.layer) ?? .filter, driver: layer.driver,
            altitude: layer.altitude.flatMap { Altitude($0) },
            veto: layer.veto.map { BypassVeto($0) })
    }
}

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
