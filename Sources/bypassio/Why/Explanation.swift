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

/// What a person can do about a refusal.
enum Advice {
    /// - Parameter mountPoint: of the bypassio volume; nil for a path on none.
    static func forLayer(_ layer: StateReport.Layer, mountPoint: String?) -> String? {
        let status = NTStatus(rawValue: layer.ntStatus)
        switch layer.layer {
        case "filter": return forFilter(layer.driver, status, mountPoint ?? "MOUNTPOINT")
        case "fileSystem": return forFileSystem(status, layer.reason ?? "")
        default:
            return mountPoint != nil
                ? "Filters are skipped all the same. Where the files may lie elsewhere, a disk with "
                    + "a driver that knows BypassIO (NVMe, SCSI, virtio) serves them past this one."
                : "A volume on a disk with a driver that knows BypassIO (NVMe, SCSI, virtio) does "
                    + "not have it in the way."
        }
    }

    private static func forFilter(_ name: String, _ status: NTStatus, _ place: String) -> String {
        let goes = "or take it away: bypassio detach \(name) \(place)."
        if name == ShippedFilter.fault.rawValue {
            return "Take its rule away: bypassio set \(name) remove=RULE \(place), \(goes)"
        }
        if name == ShippedFilter.scan.rawValue {
            return status == .virusInfected
                ? "Remove the file. Where clamd is wrong, have its own configuration leave the "
                    + "signature out."
                : "It passes once a scan finds nothing: open it for reading. A larger maxsize= "
                    + "takes in larger files, exclude= leaves some alone, \(goes)"
        }
        return switch status {
        case .bypassIOFilterNotSupported, .noBypassIODriverSupport:
            "Ask its maker for a version that knows BypassIO, \(goes)"
        case .notSupportedWithAuditing, .notSupportedWithMonitoring:
            "Have it look at opens instead of reads, if it has an option for that, \(goes)"
        case .notSupportedWithBypassIO:
            "It lets the file pass again when it has done its work on it; wait, \(goes)"
        default:
            "Remove what it objects to, change its options with bypassio set, \(goes)"
        }
    }

    private static func forFileSystem(_ status: NTStatus, _ reason: String) -> String? {
        switch status {
        case .notSupportedWithCompression:
            "Switch compression off for the file and write it anew: chattr -c FILE, then "
                + "cp --reflink=never FILE COPY && mv COPY FILE."
        case .sparseFileNotSupported:
            "Fill its holes: cp --sparse=never FILE COPY && mv COPY FILE."
        case .encryptedFileNotSupported, .notSupportedWithEncryption:
            "Keep a copy of it outside of the encrypted directory, if that may be."
        case .pagefileNotSupported: "End its use as swap: swapoff FILE."
        case .notSupportedOnDAX, .daxMappingExists:
            "Nothing: its reads are no I/O, and pass no layer anyway."
        case .notSupported where reason.hasPrefix("Bypass is switched off"):
            "Mount the volume without -o bypass=off."
        case .notSupported where reason.hasPrefix("The file lies on another"):
            "Mount that file system's directory by itself: bypassio mount DIRECTORY MOUNTPOINT."
        case .notSupported where reason.contains("data=journal"):
            "Mount the volume below without data=journal."
        default: nil
        }
    }

    /// The file's state, in the words of its cause.
    static func forState(_ cause: String) -> String? {
        if cause.contains("cached I/O") || cause.contains("mapped") {
            return "Close the handles that use the page cache, have their programs open the file "
                + "with O_DIRECT, or mount with -o suspend=dirty, so that readers suspend nobody."
        }
        if cause.contains("paused") {
            return "Whoever paused it resumes it: a filter when its work is done; bypassio events "
                + "says who it was. For a program that left a pause behind: bypassio fsctl FILE resume."
        }
        if cause.contains("does not know BypassIO") {
            return "Take the filter away that says so above."
        }
        if cause.contains("inode") || cause.contains("sparse") || cause.contains("moved") {
            return "It ends by itself when the file is written out, filled or moved."
        }
        return nil
    }

    static func forHandle(_ handle: StreamReport.Handle) -> String? {
        guard let cause = handle.because else {
            return "Have the program open the file with O_DIRECT and send ENABLE (bypassio.h), or "
                + "mount with -o bypass=auto, which needs no change of the program."
        }
        if cause.contains("somebody has the file open through the kernel's page cache") {
            return "Close it everywhere once; the next open has the kernel's route."
        }
        if cause.contains("it is small") {
            return "Mount with -o auto_size=0, if small files matter."
        }
        if cause.contains("opened for reading alone") {
            return "Open it for reading alone where nothing is written."
        }
        if cause.contains("few descriptors") { return "Mount with a larger -o max_descriptors." }
        return forState(cause)
    }
}
