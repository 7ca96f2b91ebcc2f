import BypassIOClient
import BypassIOProtocol
import Foundation
import Glibc
import HostFileSystem
import LinuxKit
import SystemPackage

/// A mount of the backing directory that a process of its own serves.
final class MountRoute: PathRoute {
    private let mount: ServedMount

    init(
        _ description: RouteDescription, mount: ServedMount, backing: BenchTree,
        recorder: Recorder
    ) {
        self.mount = mount
        super.init(
            description, tree: BenchTree(root: mount.mountPoint, sizes: backing.sizes),
            backing: backing, recorder: recorder)
    }

    override var service: Int32? { mount.processID }

    override func carries(_ workload: BenchWorkload) -> Bool {
        // A workload without an open file, or without reads, has no bypass.
        switch description.kind {
        case .mountServiceBypass: workload.isDirect
        case .mountKernel: workload.part == .data || workload.kind == .smallFiles
        default: true
        }
    }

    override func open() throws {
        try mount.start()
    }

    override func rest() { mount.stop() }
    override func close() { mount.stop() }

    /// For so long a closed file may count as open.
    override var settlingPatience: Double { description.kind == .mountTraditional ? 0 : 5 }

    /// The route that is measured must be the one in the report.
    override func settle(_ file: FileDescriptor) throws {
        switch description.kind {
        case .mountServiceBypass:
            do throws(BypassIOClientError) {
                let answer = try BypassIOClient(file).manage(.enable)
                if let results = answer.results, results.status.isError {
                    throw BypassIOClientError.status(results.status)
                }
            } catch {
                throw BenchError(.route, "The bypass was not enabled: \(error)")
            }
            try expect(.serviceBypass, of: file)
        case .mountKernel: try expect(.kernelBypass, of: file)
        default: break
        }
    }

    /// A mount leaves small files to its service. A mount that offers no kernel route said so at
    /// its start.
    override func expectOffer() throws {
        guard description.kind == .mountKernel, !mount.complaint.isEmpty else { return }
        throw BenchError(.route, mount.complaint)
    }

    /// The mount reports the route of each of a file's handles.
    private func expect(_ route: HandleRoute, of file: FileDescriptor) throws {
        guard
            let text = try? SystemCall.extendedAttribute(
                Array(StreamReport.attribute.utf8), of: file),
            let facts = try? JSONDecoder().decode(StreamReport.self, from: Data(text))
        else { throw BenchError(.route, "The mount does not tell the route of its files.") }
        let own = facts.handles.last { $0.openedBy == getpid() }
        guard own?.route != route else { return }
        // The service's message at its start is more precise.
        let said = description.kind == .mountKernel ? mount.complaint : ""
        guard said.isEmpty else { throw BenchError(.route, said) }
        throw BenchError(
            .route,
            "The file's reads take no \(route), but: \(own?.route.rawValue ?? "no handle") "
                + "(\(own?.because.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } ?? "no cause"))."
        )
    }
}
