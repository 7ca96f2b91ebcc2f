internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

/// The kernel route of a mount: grants read-only opens reads by the kernel itself, where the whole
/// stack agrees.
final class KernelRoute: Sendable {
    let modes = OpenModes()
    /// The machine does not offer passthrough, or this process may not use it. The service learns
    /// that a moment after the first open may have come. Relaxed: an earlier open finds out by
    /// itself.
    private let isMissing = Atomic<Bool>(false)

    /// In bytes.
    private let smallestFile: UInt64

    init(smallestFile: UInt64) { self.smallestFile = smallestFile }

    /// Spares later opens the attempt.
    func stop() { isMissing.store(true, ordering: .relaxed) }

    var isWorking: Bool { !isMissing.load(ordering: .relaxed) }

    /// Decides about an open and counts it.
    ///
    /// - Parameters:
    ///   - leavingAccessTimes: the kernel's reads do not change the file's access time.
    ///   - hasRoom: there are descriptors for a further way.
    ///   - reply: the reply to the open; it makes a backing file known to the kernel.
    func decide(
        _ file: FileObject, of node: Node, _ flags: OpenFlags, for context: RequestContext,
        leavingAccessTimes: Bool, hasRoom: Bool, _ reply: borrowing OpenReply
    ) -> OpenDecision {
        // If the open uses the kernel's page cache after all, it counts as cached use.
        file.declareUncached()
        if let refusal = refusal(of: node, flags) ?? refusalBySize(file, node) {
            return decline(node, refusal)
        }
        if !hasRoom, modes.backing(of: node.number) == nil {
            return decline(node, .fewDescriptors)
        }
        let door: any KernelReadDoor
        do throws(BypassVeto) {
            door = try file.grantKernelReads(leavingAccessTimes: leavingAccessTimes)
        } catch {
            file.volume.observer?.saw(.refused(.enable, file.named, error), on: file.volume)
            return decline(node, .veto(error))
        }
        let backing: BackingFile
        do throws(Errno) {
            if let known = modes.backing(of: node.number) {
                backing = known
            } else {
                backing = try reply.backing(door.storage.rawValue)
            }
        } catch {
            file.giveUpKernelReads()
            return decline(node, .kernel(error))
        }
        let opener = KernelOpener(
            door: door, thread: UInt32(bitPattern: context.processID))
        guard let way = modes.enter(node.number, with: backing) else {
            opener.callOff()
            file.giveUpKernelReads()
            return decline(node, .openThroughCache)
        }
        return OpenDecision(
            way: way, opener: opener, refusal: nil, wasGated: file.kernelReadCause != nil)
    }

    /// For an open that made its file, or found the file just made.
    func decideNew(_ file: FileObject, _ node: Node) -> OpenDecision {
        file.declareUncached()
        return decline(node, .mayWrite)
    }

    private func refusal(of node: Node, _ flags: OpenFlags) -> KernelRouteRefusal? {
        if !isWorking { return .notOffered }
        if flags.mayWrite || !flags.mayRead { return .mayWrite }
        return modes.isCached(node.number) ? .openThroughCache : nil
    }

    /// A file that the kernel already reads for another handle costs nothing more.
    private func refusalBySize(_ file: FileObject, _ node: Node) -> KernelRouteRefusal? {
        guard smallestFile > 0, modes.backing(of: node.number) == nil else { return nil }
        let size = (try? file.volume.fileSystem.status(of: file))?.size ?? 0
        return size < smallestFile ? .small : nil
    }

    private func decline(_ node: Node, _ refusal: KernelRouteRefusal) -> OpenDecision {
        OpenDecision(way: modes.enter(node.number), opener: nil, refusal: refusal)
    }
}

/// Why the kernel does not read a file itself for a handle.
enum KernelRouteRefusal: Sendable, CustomStringConvertible {
    case notOffered
    case mayWrite
    case small
    case openThroughCache
    case fewDescriptors
    case veto(BypassVeto)
    case kernel(Errno)

    var description: String {
        switch self {
        case .notOffered: "the machine does not offer it"
        case .mayWrite: "it was not opened for reading alone"
        case .small: "it is small"
        case .openThroughCache: "somebody has the file open through the kernel's page cache"
        case .fewDescriptors: "the service has few descriptors left"
        case .veto(let veto): "\(veto.driver) refuses: \(veto.reason)"
        case .kernel(let error): "the kernel refuses (errno \(error.rawValue))"
        }
    }
}

/// An open through a door. The door expects it before the kernel opens; it is called off if it ends
/// without the kernel's open.
struct KernelOpener: Sendable {
    let door: any KernelReadDoor
    let open: ExpectedOpen

    /// An open that another process announced.
    init(door: any KernelReadDoor, adopting open: ExpectedOpen) {
        self.door = door
        self.open = open
    }

    /// - Parameter thread: the opening thread.
    init(door: any KernelReadDoor, thread: UInt32) {
        self.door = door
        open = door.expectOpen(by: thread)
    }

    func callOff() { door.callOff(open) }
}
