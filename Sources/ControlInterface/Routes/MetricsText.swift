import BypassIOProtocol

/// Reports in Prometheus' text format, version 0.0.4.
struct MetricsText {
    private(set) var text = ""

    init(
        _ report: VolumeReport, _ tallies: VolumeTallies, _ clients: ServiceReport.Clients
    ) {
        volume(report)
        routes(report)
        filters(report)
        callbackTimes(tallies)
        requestTimes(tallies)
        happened(tallies)
        family("control_clients", "gauge", "Clients of the control interface that are connected.")
        sample("control_clients", [], clients.connected)
        family("control_refused", "counter", "Clients that were refused or cut off, by reason.")
        for (reason, count) in [
            ("busy", clients.refusedBusy), ("user", clients.refusedUser),
            ("token", clients.refusedToken), ("slow", clients.cutOff),
            ("malformed", clients.malformed),
        ] { sample("control_refused_total", [("reason", reason)], count) }
    }

    private mutating func volume(_ report: VolumeReport) {
        family("volume_info", "gauge", "The volume that is mounted; always 1.")
        sample(
            "volume_info",
            [
                ("source", report.volume), ("file_system", report.fileSystem),
                ("storage", report.storageType), ("suspend", report.suspend),
            ], 1)
        family("open_handles", "gauge", "Files and directories that programs have open.")
        sample("open_handles", [], report.openHandles)
        family("known_inodes", "gauge", "Files that the kernel knows.")
        sample("known_inodes", [], report.knownInodes)
        family("bypass_handles", "gauge", "Open handles that have bypass enabled.")
        sample("bypass_handles", [], report.activeBypassCount)
        family("kernel_route_handles", "gauge", "Open handles whose reads the kernel carries.")
        sample("kernel_route_handles", [], report.kernelRoute.openHandles)
        family("gated_reads", "counter", "Reads by the kernel that had to ask.")
        sample("gated_reads_total", [], report.kernelRoute.gatedReads)
    }

    /// What the kernel reads without asking the service cannot know, and has no samples.
    private mutating func routes(_ report: VolumeReport) {
        let routes = report.routes.sorted { $0.key.rawValue < $1.key.rawValue }
        family("opens", "counter", "Opens by the route that they were answered with.")
        for (name, route) in routes {
            sample("opens_total", [("route", name.rawValue)], route.opens)
        }
        family("reads", "counter", "Programs' reads that the service carried, by route.")
        for (name, route) in routes {
            if let reads = route.reads { sample("reads_total", [("route", name.rawValue)], reads) }
        }
        family("read_bytes", "counter", "Bytes of these reads, by route.")
        for (name, route) in routes {
            if let bytes = route.bytes {
                sample("read_bytes_total", [("route", name.rawValue)], bytes)
            }
        }
        family(
            "traditional_reads", "counter",
            "Reads of handles with bypass that took the traditional route, by cause.")
        for (cause, count) in report.traditionalBecause.sorted(by: { $0.key < $1.key }) {
            sample("traditional_reads_total", [("cause", cause)], count)
        }
    }

    private mutating func filters(_ report: VolumeReport) {
        family("filter_attached", "gauge", "Attached filters; 0 for a filter that blocks BypassIO.")
        for filter in report.filters {
            sample("filter_attached", labels(filter), filter.supportsBypassIO ? 1 : 0)
        }
        family("filter_callbacks", "counter", "Callbacks that a filter ran, before and after.")
        for filter in report.filters {
            for (kind, count) in [("pre", filter.preCallbacks), ("post", filter.postCallbacks)] {
                sample("filter_callbacks_total", labels(filter) + [("kind", kind)], count)
            }
        }
    }

    /// An operation that a filter has no callback for, or that nobody asked for while times were
    /// taken, has no samples.
    private mutating func callbackTimes(_ tallies: VolumeTallies) {
        family(
            "filter_callback_seconds", "histogram",
            "Time in callbacks by operation, while metrics or top were looked at.")
        for callbacks in tallies.callbacks where callbacks.times.count > 0 {
            histogram(
                "filter_callback_seconds", callbacks.times,
                [
                    ("filter", callbacks.filter), ("altitude", callbacks.altitude),
                    ("operation", Self.word(callbacks.operation)),
                ])
        }
    }

    /// What the kernel reads without asking takes the service no time, and has no samples; of a
    /// read at a gate it is the time until the stack has answered.
    private mutating func requestTimes(_ tallies: VolumeTallies) {
        family(
            "request_seconds", "histogram",
            "Time in opens, reads and writes by route, while metrics or top were looked at.")
        for requests in tallies.requests {
            histogram(
                "request_seconds", requests.times,
                [("operation", requests.operation), ("route", requests.route.rawValue)])
        }
    }

    /// `IRP_MJ_SET_INFORMATION` is `set_information`.
    private static func word(_ function: String) -> String {
        function.replacing("IRP_MJ_", with: "").lowercased()
    }

    private mutating func happened(_ tallies: VolumeTallies) {
        family("vetoes", "counter", "Vetoes that programs met, by who refused and why.")
        for vetoes in tallies.vetoes {
            sample(
                "vetoes_total", [("driver", vetoes.driver), ("cause", vetoes.cause)], vetoes.count)
        }
        family("events", "counter", "What happened, by kind (bypassio events).")
        for kind in ServiceEvent.Kind.allCases {
            sample("events_total", [("kind", kind.rawValue)], tallies.events.byKind[kind] ?? 0)
        }
        family("events_lost", "counter", "Events that readers came too late for.")
        sample("events_lost_total", [], tallies.events.lost)
        family("log_lines_lost", "counter", "Lines that the log could not take.")
        sample("log_lines_lost_total", [], tallies.lostLogLines)
    }

    private func labels(_ filter: VolumeReport.Filter) -> [(String, String)] {
        [("filter", filter.name), ("altitude", filter.altitude)]
    }

    /// Bounds at each power of four: the same in each scrape.
    private mutating func histogram(
        _ name: String, _ times: LatencyReport, _ labels: [(String, String)]
    ) {
        var passed: UInt64 = 0
        for (bucket, count) in times.counts.enumerated() {
            passed += count
            bound(bucket, passed, name, labels)
        }
        for bucket in times.counts.count..<LatencyReport.bucketCount {
            bound(bucket, passed, name, labels)
        }
        sample("\(name)_bucket", labels + [("le", "+Inf")], passed)
        sample("\(name)_sum", labels, Double(times.nanoseconds) / 1e9)
        sample("\(name)_count", labels, passed)
    }

    private mutating func bound(
        _ bucket: Int, _ passed: UInt64, _ name: String, _ labels: [(String, String)]
    ) {
        guard (bucket + 1).isMultiple(of: 2 * LatencyReport.bucketsPerOctave) else { return }
        let end = Double(LatencyReport.end(ofBucket: bucket)) / 1e9
        sample("\(name)_bucket", labels + [("le", "\(end)")], passed)
    }

    // MARK: Lines

    private mutating func family(_ name: String, _ type: String, _ help: String) {
        let full = "bypassio_" + name + (type == "counter" ? "_total" : "")
        text += "# HELP \(full) \(help)\n# TYPE \(full) \(type)\n"
    }

    private mutating func sample(
        _ name: String, _ labels: [(String, String)],
        _ value: some Numeric & CustomStringConvertible
    ) {
        let inside = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += "bypassio_\(name)\(inside.isEmpty ? "" : "{\(inside)}") \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }
}
