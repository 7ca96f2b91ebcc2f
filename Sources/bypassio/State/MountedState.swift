import BypassIOClient
import BypassIOProtocol
import HostFileSystem
import SystemPackage

/// What a mounted volume answers to a QUERY of one of its files, sent by the control code.
struct MountedState {
    let verdict: BypassVerdict

    /// nil where the path is on no bypassio volume.
    init?(of place: HostPath) throws {
        guard place.inspection.topology.fileSystem.hasPrefix("fuse") else { return nil }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(place.resolved, .readOnly)
        } catch let error as Errno {
            throw HostPath.error(place.named, error, at: place.resolved)
        }
        defer { try? file.close() }
        let client = BypassIOClient(file)
        do throws(BypassIOClientError) {
            let filters = try client.manage(.query, flags: .skipStorageStackQuery)
            let whole = try client.manage(.query)
            let information = try client.manage(.getInfo)
            let root = place.inspection.topology.mount?.mountPoint ?? place.resolved
            verdict = BypassVerdict(
                filters: filters, whole: whole,
                storageType: (try? VolumeFacts(of: root, named: place.named).storageType) ?? "",
                storageDriver: information.info?.storageDriverName.string ?? "")
        } catch {
            if error == .noVolume { return nil }
            throw CommandError(.noInput, "\(place.named): \(error)")
        }
    }
}
