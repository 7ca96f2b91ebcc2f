import BypassIOProtocol
import Foundation
import HostFileSystem
import IOStack
import LinuxKit
import SystemPackage

/// What a mounted volume tells of one of its files, in attributes of the file: without an open,
/// which would have it scanned, granted to the kernel, or kept off the bypass.
struct MountedState {
    let verdict: BypassVerdict
    /// Why the file's reads take the traditional route at this moment; nil if they do not.
    let traditionalBecause: String?

    /// The open handles and the routes of their reads.
    let handles: [Handle]
    /// There may be more than are told of.
    let furtherHandles: Int
    /// Top to bottom.
    let layers: [LayerAnswer]
    /// What the host knows of the file behind the mount.
    let facts: [String]

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
        let furtherHandles: Int
        let handles: [Handle]
    }

    fileprivate struct StackFacts: Decodable {
        struct Veto: Decodable {
            let driver: String
            let status: UInt32
            let reason: String
        }

        struct Layer: Decodable {
            let layer: String
            let driver: String
            let altitude: String?
            let veto: Veto?
        }

        /// nil: nobody refuses.
        let filters: Veto?
        let whole: Veto?
        let flags: UInt32
        let storageType: String
        let storageDriver: String
        let layers: [Layer]
        let facts: [String]
    }

    /// nil where the file has none.
    private static func attribute<Facts: Decodable>(
        _ name: String, of file: FileDescriptor, as type: Facts.Type
    ) throws -> Facts? {
        let text: [UInt8]
        do throws(Errno) {
            text = try SystemCall.extendedAttribute(Array(name.utf8), of: file)
        } catch {
            switch error {
            case .noData, .notSupported, .noFunction: return nil
            default: throw error
            }
        }
        return try? JSONDecoder().decode(type, from: Data(text))
    }

    /// The open handles of a file and the routes of their reads; empty where the file is on no
    /// bypassio volume.
    static func handles(of file: FileDescriptor) -> [Handle] {
        let facts = try? attribute("user.bypassio.state", of: file, as: StreamFacts.self)
        return facts?.handles ?? []
    }

    /// nil where the path is on no bypassio volume.
    init?(of place: HostPath) throws {
        guard place.topology.fileSystem.hasPrefix("fuse") else { return nil }
        let stack: StackFacts
        let stream: StreamFacts
        do {
            let file = try SystemCall.open(place.resolved, .pathOnly)
            // First what is open, before the service itself opens it for the answers.
            guard
                let told = try Self.attribute(
                    "user.bypassio.state", of: file.descriptor, as: StreamFacts.self),
                let answers = try Self.attribute(
                    "user.bypassio.stack", of: file.descriptor, as: StackFacts.self)
            else { return nil }
            (stream, stack) = (told, answers)
        } catch let error as Errno {
            throw HostPath.error(place.named, error, at: place.resolved)
        }
        traditionalBecause = stream.traditionalBecause
        handles = stream.handles
        furtherHandles = stream.furtherHandles
        layers = stack.layers.map(LayerAnswer.init)
        facts = stack.facts
        verdict = BypassVerdict(
            filters: Self.output(stack.filters, flags: stack.flags),
            whole: Self.output(stack.whole, flags: stack.flags),
            storageType: stack.storageType, storageDriver: stack.storageDriver)
    }

    /// As the control code would have it.
    private static func output(_ veto: StackFacts.Veto?, flags: UInt32) -> FSBypassIOOutput {
        FSBypassIOOutput(
            operation: .query, flags: BypassIOOutputFlags(rawValue: flags),
            body: .results(veto.map { BypassVeto($0) }?.results ?? BypassIOResults()))
    }
}

extension BypassVeto {
    fileprivate init(_ veto: MountedState.StackFacts.Veto) {
        self.init(
            driver: veto.driver, status: NTStatus(rawValue: veto.status), reason: veto.reason)
    }
}

extension LayerAnswer {
    fileprivate init(_ layer: MountedState.StackFacts.Layer) {
        self.init(
            layer: Layer(rawValue: layer.layer) ?? .filter, driver: layer.driver,
            altitude: layer.altitude.flatMap { Altitude($0) },
            veto: layer.veto.map { BypassVeto($0) })
    }
}
