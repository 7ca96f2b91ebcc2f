import BypassIOMount
import SystemPackage

/// The sample's output: the same reads of other processes by every route, and a file that cannot
/// bypass.
struct SampleTour {
    private let service: VolumeService
    private let routes: RouteTour
    private let refused: SampleReader.Answer

    init(_ service: VolumeService, _ folder: SampleFolder) throws {
        self.service = service
        let place = service.mounted.mountPoint
        refused = try SampleReader.run(
            place.appending(SampleFolder.sparse), reads: 0, ["--enable"])
        routes = try RouteTour(service, reading: place.appending(SampleFolder.large))
    }

    /// - Parameter isLeft: the mount stays after the lines are printed.
    func lines(isLeft: Bool) -> [String] {
        let facts = RouteTour.lines(routes.passages) + obstacle + [""] + refusal
        guard isLeft else { return service.stack(isLeft: false) + [""] + facts }
        return service.report(isWaiting: false) + [""] + facts + invitation
    }

    private var invitation: [String] {
        let place = service.mounted.mountPoint.string
        return [
            "",
            "Try it from another terminal:",
            "  bypassio filters \(place)",
            "  bypassio state -v \(place)/\(SampleFolder.large)",
            "  python3 Examples/reader.py \(place)/\(SampleFolder.large)",
            "  cp \(place)/\(SampleFolder.large) /tmp    (any program, unmodified)",
        ]
    }

    private var obstacle: [String] {
        service.mounted.kernelReadObstacle.map { ["", $0] } ?? []
    }

    private var refusal: [String] {
        guard let driver = refused.refusedBy, let reason = refused.reason else { return [] }
        return [
            "ENABLE on \(SampleFolder.sparse) is refused, and the answer names the layer:",
            "  \(driver): \(reason)",
        ]
    }
}
