import BypassIOProtocol
import Terminal

/// Why reads of a file do not bypass, and what to do about each reason.
struct Explanation: Encodable {
    /// A layer that refuses, a state that keeps the file, or an open handle with a slower route.
    struct Finding: Encodable {
        let sentence: String
        let advice: String?
    }

    let path: String
    let verdict: BypassVerdict.Kind
    /// Layers from top to bottom, then what the file is in, then open handles.
    let findings: [Finding]
    /// Handles whose reads bypass, in sentences.
    let bypassing: [String]

    /// Nothing is in the way.
    var isFree: Bool { findings.isEmpty }

    /// - Parameters:
    ///   - mountPoint: of the bypassio volume that the path is on; nil where it only could be.
    ///   - process: looks at the handles of this process alone.
    init(_ state: StateReport, mountPoint: String?, process: Int32?) {
        path = state.path
        verdict = state.verdict.kind
        let handles = state.handles.map { ($0, ReadingProcess(thread: $0.openedBy)) }
            .filter { process == nil || $1.id == process }
        var findings = state.layers.filter(\.isInTheWay).map {
            Finding(layer: $0, mountPoint: mountPoint)
        }
        if let cause = state.traditionalBecause {
            findings.append(
                Finding(
                    sentence: "Reads of the file take the traditional route now, because \(cause)."
                        .asSentence, advice: Advice.forState(cause)))
        }
        findings += handles.compactMap { Finding(handle: $0, $1) }
        self.findings = findings
        bypassing = handles.filter { $0.0.bypasses }.map {
            "Process \($1.words) reads it by the route \($0.route)."
        }
    }

    var lines: [String] {
        let title =
            switch verdict {
            case .supported where isFree: "Nothing keeps reads of \(path) from bypassing."
            case .supported: "Every layer lets reads of \(path) bypass, but:"
            case .partiallySupported:
                "Reads of \(path) can bypass the filters, but not all of the volume's drivers."
            case .notSupported: "Reads of \(path) do not bypass."
            }
        return [title]
            + findings.flatMap { finding in
                ["- \(finding.sentence)"] + (finding.advice.map { ["  What to do: \($0)"] } ?? [])
            } + bypassing.map { "+ \($0)" }
    }
}

extension Explanation.Finding {
    fileprivate init(layer: StateReport.Layer, mountPoint: String?) {
        let place = layer.altitude.map { " at altitude \($0)" } ?? ""
        let status = layer.ntStatusName.map { " (\($0))" } ?? ""
        let reason = (layer.reason ?? "It gives no reason.").asSentence
        self.init(
            sentence: "\(layer.kindInWords) \(layer.driver)\(place) refuses\(status): \(reason)",
            advice: Advice.forLayer(layer, mountPoint: mountPoint))
    }

    /// nil for a handle whose reads bypass as far as they can.
    fileprivate init?(handle: StreamReport.Handle, _ process: ReadingProcess) {
        guard !handle.bypasses else { return nil }
        let cause =
            handle.because.map { ", because \($0)" } ?? ", because it never asked for bypass"
        self.init(
            sentence: "Process \(process.words) reads it by the route \(handle.route)\(cause)."
                .asSentence, advice: Advice.forHandle(handle))
    }
}

extension StateReport.Layer {
    fileprivate var kindInWords: String {
        switch layer {
        case "filter": "The filter"
        case "fileSystem": "The file system"
        case "volume": "The volume driver"
        default: "The storage driver"
        }
    }
}

extension StreamReport.Handle {
    /// Past the filters, by the service or by the kernel.
    fileprivate var bypasses: Bool { route.bypassesFilters }
}
