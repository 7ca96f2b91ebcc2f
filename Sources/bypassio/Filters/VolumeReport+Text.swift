import BypassIOProtocol
import FUSE
import Foundation
import SystemPackage
import Terminal

extension VolumeReport {
    /// How long a service may take to answer.
    private static var patience: Duration { .seconds(5) }

    /// Throws a ``CommandError`` where no volume answers in time.
    static func json(of path: FilePath, named name: String) throws -> String {
        do throws(Errno) {
            let text = try ServiceQuestion.attribute(attribute, of: path, within: patience)
            return String(decoding: text, as: UTF8.self)
        } catch {
            throw self.error(error, name)
        }
    }

    private static func error(_ errno: Errno, _ name: String) -> CommandError {
        switch errno {
        case .noSuchFileOrDirectory:
            CommandError(.noInput, "\(name) does not exist: check the path.")
        case .socketNotConnected, .connectionAbort:
            CommandError(
                .noInput,
                "The service of \(name) is gone (\"Transport endpoint is not connected\"): "
                    + "unmount it with bypassio umount \(name), then mount it again.")
        case .timedOut:
            CommandError(
                .inUse,
                "The service of \(name) did not answer within 5 seconds: it is stopped, or what it "
                    + "reads does not answer. bypassio umount --force \(name) ends it.")
        case .permissionDenied, .notPermitted:
            CommandError(.noInput, "\(name) may not be asked: run as the user who mounted it.")
        default:
            CommandError(
                .noInput,
                "\(name) is not the root of a bypassio volume: name a mount point "
                    + "(findmnt -t fuse.bypassio lists them).")
        }
    }
}

extension VolumeReport {
    init(of path: FilePath, named name: String) throws {
        let json = try Self.json(of: path, named: name)
        self = try JSONDecoder().decode(VolumeReport.self, from: Data(json.utf8))
    }

    /// - Parameter known: what the control interface tells beside the attached filters; nil where
    ///   it cannot be asked.
    func lines(_ known: FiltersReport?) -> [String] {
        let table = filterTable(known)
        return ["\(volume) (\(fileSystem))"]
            + (table.isEmpty ? ["no filters"] : table + [featureLine])
            + allowanceLines(known)
            + [
                "open files: \(openHandles), with bypass: \(activeBypassCount), "
                    + "known files: \(knownInodes)",
                "reads of O_DIRECT files: \(Figures.grouped(reads.traditional)) through the "
                    + "filters, \(Figures.grouped(reads.fullBypass + reads.filterBypass)) past them",
            ]
            + traditionalBecause.sorted { $0.value > $1.value }.map { cause, count in
                "  with bypass, and yet through the filters: \(Figures.grouped(count)), "
                    + "because \(cause)"
            }
            + kernelLines + routeTable + ["suspend=\(suspend)"]
    }

    /// `fltmc filters`' columns, and ours behind them; empty without filters.
    private func filterTable(_ known: FiltersReport?) -> [String] {
        var table = FltmcTable.countedFilters
        var names: [String] = []
        for name in filters.map(\.name) where !names.contains(name) { names.append(name) }
        for name in names {
            let own = filters.filter { $0.name == name }
            table.append([
                name, "\(own.count)", own[0].altitude, "0",
                own[0].supportsBypassIO ? "knows it" : "blocks it",
                Figures.grouped(own.reduce(0) { $0 + $1.preCallbacks }),
                Figures.grouped(own.reduce(0) { $0 + $1.postCallbacks }),
            ])
        }
        for idle in known?.filters ?? [] where !names.contains(idle.name) {
            names.append(idle.name)
            table.append([
                idle.name, "0", idle.altitude, "0",
                idle.supportsBypassIO ? "knows it" : "blocks it", "0", "0",
            ])
        }
        return names.isEmpty ? [] : table.lines
    }

    /// As `fsutil devdrv query` tells them: what may attach, and what is attached.
    private func allowanceLines(_ known: FiltersReport?) -> [String] {
        guard let allowed = known?.allowed else { return [] }
        let attached = Set(filters.map(\.name)).sorted()
        func words(_ names: [String]) -> String {
            names.isEmpty ? "none" : names.joined(separator: ", ")
        }
        return [
            "filters allowed to attach: \(words(allowed))",
            "filters attached now: \(words(attached))",
        ]
    }

    private var featureLine: String {
        let names = supportedFeatures.joined(separator: ", ")
        return "features that every filter supports: \(names.isEmpty ? "none" : names)"
    }

    private var kernelLines: [String] {
        guard kernelRoute.isOffered else { return [] }
        let open = "files that the kernel reads itself: \(kernelRoute.openHandles) open now"
        guard let process = kernelRoute.guardian else { return [open] }
        return [
            open,
            "files whose reads fail if the service dies: \(kernelRoute.guardedFiles ?? 0), by "
                + "process \(process)",
        ]
    }

    /// Opens and reads since the mount.
    private var routeTable: [String] {
        var table = TextTable([
            ("route", .left), ("opens", .right), ("reads", .right), ("bytes", .right), ("", .left),
        ])
        for route in HandleRoute.allCases {
            guard let sums = routes[route] else { continue }
            let isCounted = sums.reads != nil
            table.append([
                route.rawValue, Figures.grouped(sums.opens),
                sums.reads.map { Figures.grouped($0) } ?? "-",
                sums.bytes.map { Figures.grouped($0) } ?? "-",
                isCounted ? "" : "the kernel's reads are not counted by the service",
            ])
        }
        return ["", "since the mount:"] + table.lines + [""]
    }
}
