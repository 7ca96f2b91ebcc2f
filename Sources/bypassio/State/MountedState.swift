import BypassIOClient
import BypassIOProtocol
import CKernelABI
import Foundation
import HostFileSystem
import SystemPackage

/// What a mounted volume answers to a QUERY of one of its files, sent by the control code.
struct MountedState {
    let verdict: BypassVerdict
    /// Why the file's reads take the traditional route at this moment; nil if they do not.
    let traditionalBecause: String?

    /// The open handles and the routes of their reads, before this process had one.
    let handles: [Handle]

    struct Handle: Codable {
        /// A process or thread, as the service sees it.
        let openedBy: Int32
        let route: String
        /// Why the route is no faster one.
        let because: String?
        let isRevocable: Bool

        var isReadByKernel: Bool { ["kernel bypass", "gated"].contains(route) }
    }

    private struct StreamFacts: Decodable {
        let traditionalBecause: String?
        let handles: [Handle]
    }

    private static let attribute = "user.bypassio.state"

    private static func facts(of path: FilePath) -> StreamFacts? {
        guard let place = try? SystemCall.open(path, .pathOnly) else { return nil }
        return facts(of: place.descriptor)
    }

    private static func facts(of file: FileDescriptor) -> StreamFacts? {
        guard let text = try? SystemCall.extendedAttribute(Array(attribute.utf8), of: file)
        else { return nil }
        return try? JSONDecoder().decode(StreamFacts.self, from: Data(text))
    }

    /// The open handles of a file and the routes of their reads; empty where the file is on no bypassio
    /// volume.
    static func handles(of file: FileDescriptor) -> [Handle] { facts(of: file)?.handles ?? [] }

    /// Not cached, where that is possible: a cached handle would suspend the bypass that is asked for.
    private static func open(_ path: FilePath) throws -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .readOnly, options: .init(rawValue: BPIO_O_DIRECT))
        } catch Errno.invalidArgument {
            return try FileDescriptor.open(path, .readOnly)
        }
    }

    /// nil where the path is on no bypassio volume.
    init?(of place: HostPath) throws {
        guard place.inspection.topology.fileSystem.hasPrefix("fuse") else { return nil }
        // Before this very process has it open.
        let facts = Self.facts(of: place.resolved)
        traditionalBecause = facts?.traditionalBecause
        handles = facts?.handles ?? []
        let file: FileDescriptor
        do {
            file = try Self.open(place.resolved)
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
