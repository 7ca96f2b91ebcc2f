import BypassIOMount
import SystemPackage

/// The demo's file on a mount with the demo's filters: the route of each handle that a program may
/// have.
struct MountedRoutes: Codable {
    let passages: [RouteTour.Passage]
    /// Why there are none, or no kernel reads among them; one sentence.
    let obstacle: String?

    /// Mounts the folder, reads its file by every route, and unmounts. Where nothing can be mounted
    /// it says why.
    ///
    /// - Parameter signals: blocked before any thread was started.
    init(folder: FilePath, file: FilePath, _ signals: inout SignalSet) throws {
        let place = try SampleMountPoint()
        defer { place.remove() }
        var settings = MountSettings(source: folder.string, mountPoint: place.path)
        try settings.apply("bypass", BypassOffer.auto.rawValue)
        settings.filters = try ["readaudit", "contentscan", "accessheat"].map {
            try FilterSetting($0)
        }
        let service: VolumeService
        do {
            service = try VolumeService(settings)
        } catch let error as CommandError {
            (passages, obstacle) = ([], error.message)
            return
        }
        do {
            passages = try RouteTour(
                service, reading: service.mounted.mountPoint.pushing(file)
            ).passages
            obstacle = service.mounted.kernelReadObstacle
        } catch {
            try service.end(&signals)
            throw error
        }
        try service.end(&signals)
    }

    var lines: [String] {
        ["", "The same file and filters on a mount, the route of each handle:"]
            + (passages.isEmpty ? [] : RouteTour.lines(passages)) + (obstacle.map { [$0] } ?? [])
    }
}
