import HostFileSystem
import IOStack
import LinuxKit
import Scanning
import SystemPackage

extension ShippedFilter {
    static let scanKeys = [
        (
            name: "socket",
            meaning: "clamd's LocalSocket (/run/clamav/clamd.ctl; docs/scan.md)"
        ),
        (
            name: "action",
            meaning: "what becomes of an infected file: deny, quarantine or log (deny)"
        ),
        (name: "quarantine", meaning: "the directory for action=quarantine"),
        (
            name: "fail",
            meaning: "open or closed: whether a file without a verdict can be read (open)"
        ),
        (name: "wait", meaning: "how long an open waits for its scan, such as 5s (10s)"),
        (name: "timeout", meaning: "how long a scan may take, such as 90s (120s)"),
        (name: "maxsize", meaning: "the largest file that is scanned, such as 100M (25M)"),
        (name: "large", meaning: "open or closed: whether a larger one can be read (open)"),
        (name: "exclude", meaning: "a pattern of paths that are not scanned; as often as wanted"),
        (name: "connections", meaning: "scans at a time (4)"),
        (name: "store", meaning: "the file of verdicts, or none (one in the state directory)"),
        (name: "verdicts", meaning: "of how many files verdicts are kept (262144)"),
        (name: "forget", meaning: "later: all: every file is scanned again"),
    ]

    /// - Parameter volume: nil for a filter that is attached nowhere.
    static func scan(
        _ values: [(key: String, value: String)], on volume: Volume?, isSuccessor: Bool,
        _ log: ServiceLog
    ) throws -> LoadableFilter {
        let words = try ScanWords(values)
        let engine = ClamdEngine(socket: words.socket, scanTime: words.scanTime)
        guard let volume else {
            return LoadableFilter(registration: ScanFilter(engine, words.settings).registration)
        }
        // A successor goes on without: its mount is there already.
        if !isSuccessor { try check(engine) }
        let source = (volume.fileSystem as? HostFileSystem)?.directory
        let store = try words.store(for: source) { log.scanFailed($0) }
        let filter = ScanFilter(
            engine, words.settings,
            ScanFilter.Surroundings(
                report: { log.scanned($0) }, store: store, sync: { Self.sync(source) },
                quarantine: try words.quarantine(outside: source)))
        return LoadableFilter(
            registration: filter.registration,
            change: { key, value in
                guard key == "forget" else { throw LoadableFilter.FixedSetting() }
                guard value == "all" else {
                    throw CommandError(.usage, "forget=\(value): write forget=all.")
                }
                filter.forgetVerdicts()
            },
            settings: { settings(of: filter, values, store) },
            values: {
                // Another process is about to go on with the store.
                filter.store()
                return values
            },
            end: { filter.end() })
    }

    private static func check(_ engine: ClamdEngine) throws {
        do throws(ScanFault) {
            _ = try engine.version()
        } catch {
            throw CommandError(
                .unavailable,
                "scan cannot ask clamd: \(error). Start it (systemctl start clamav-daemon), or name "
                    + "its LocalSocket: scan,socket=FILE.")
        }
    }

    private static func sync(_ directory: FilePath?) -> Bool {
        guard let directory,
            let opened = try? SystemCall.open(directory, [.readOnly, .directory])
        else { return false }
        return (try? SystemCall.syncFileSystem(opened.descriptor)) != nil
    }

    /// As they were said, and what came of them.
    private static func settings(
        of filter: ScanFilter, _ said: [(key: String, value: String)], _ store: VerdictStore?
    ) -> [String: String] {
        var settings = Dictionary(said.map { ($0.key, $0.value) }) { "\($0), \($1)" }
        settings["store"] = store?.words ?? "none"
        settings["clamd"] = filter.away ?? filter.signatures ?? "not reached yet"
        settings["known"] = String(filter.known)
        settings["waiting"] = String(filter.waiting)
        settings["queued"] = String(filter.queued)
        let counts = filter.counts
        for (name, count) in [
            ("scanned", counts.scanned), ("infected", counts.infected),
            ("refused", counts.refused), ("unscanned read", counts.unscannedAllowed),
            ("unscanned refused", counts.unscannedRefused), ("quarantined", counts.quarantined),
        ] {
            settings[name] = String(count)
        }
        return settings
    }
}
