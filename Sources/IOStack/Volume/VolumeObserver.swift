public import BypassIOProtocol

/// Gets a volume's events that people may want to know, as they happen
/// (``IOManager/mount(_:named:volumeDrivers:storage:suspensionPolicy:offersBypass:observer:)``).
///
/// Called on the thread of the event, also under locks of the volume: it must not wait, and must
/// not call the stack. Reads are never reported.
public protocol VolumeObserver: Sendable {
    func saw(_ event: VolumeEvent, on volume: Volume)
}

/// An event for a ``VolumeObserver``.
public enum VolumeEvent: Sendable {
    /// From now on requests pass the filter.
    case attached(filter: String, altitude: Altitude, knowsBypassIO: Bool)
    /// No callback of the filter runs any more.
    case detached(filter: String, altitude: Altitude)
    /// A filter or a program paused or resumed, or its DISABLE failed. ENABLEs and QUERYs are not
    /// reported.
    case controlled(BypassIOOperation, NamedFile, ControlOutcome)
    /// A program met a veto.
    case refused(BypassIOOperation, NamedFile, BypassVeto)
    /// A cached or mapped use, or what the file has become, keeps a file that has bypass off
    /// that route.
    case suspended(NamedFile, StreamSuspension)
    /// That cause is gone; others may be left.
    case suspensionEnded(NamedFile, StreamSuspension)
    /// From now on the kernel carries the reads of an open file itself.
    case kernelGranted(NamedFile)
    /// The gate in the way of the kernel's reads of a file has moved.
    case kernelGate(NamedFile, GateMove)

    public typealias GateMove = KernelGateMove

    /// The outcome of a control.
    public enum ControlOutcome: Sendable {
        case done
        /// A resume's outcome: the pause stands.
        case refused(BypassVeto)
        /// A pause's outcome: it waited too long for reads, or its program was interrupted. The
        /// pause is taken back.
        case failed(IOFailure)
    }

    /// A file, and a name for people.
    public struct NamedFile: Sendable, Hashable {
        public var id: FileID
        /// A path by which the file was opened, from the volume's root.
        public var path: String

        public init(id: FileID, path: String) {
            self.id = id
            self.path = path
        }
    }
}

extension Volume {
    /// Carries out a control that drains or that ends a pause, and reports its outcome.
    func observing(
        _ operation: BypassIOOperation, of file: FileObject,
        _ body: () throws(IOFailure) -> ControlAnswer
    ) throws(IOFailure) -> ControlAnswer {
        guard let observer else { return try body() }
        do throws(IOFailure) {
            let answer = try body()
            // A program's own DISABLE is not reported unless it fails.
            if operation != .disable {
                observer.saw(.controlled(operation, file.named, answer.outcome), on: self)
            }
            return answer
        } catch {
            observer.saw(.controlled(operation, file.named, .failed(error)), on: self)
            throw error
        }
    }
}

extension Volume {
    /// Suspends or ends a suspension, and tells what changed for a file that has bypass.
    func observingSuspensions(of stream: Stream, _ body: () -> Void) {
        guard let observer, stream.bypass.mayHaveBypass else { return body() }
        let before = stream.suspensions
        body()
        let after = stream.suspensions
        guard before != after, let file = bypassedFile(of: stream)?.named else { return }
        for cause in after.subtracting(before).single {
            observer.saw(.suspended(file, cause), on: self)
        }
        for cause in before.subtracting(after).single {
            observer.saw(.suspensionEnded(file, cause), on: self)
        }
    }
}

extension FileObject {
    public var named: VolumeEvent.NamedFile {
        VolumeEvent.NamedFile(id: stream.id, path: openedPath)
    }
}

extension ControlAnswer {
    fileprivate var outcome: VolumeEvent.ControlOutcome {
        guard case .results(let results) = self, results.status.isError else { return .done }
        return .refused(BypassVeto(results))
    }
}

extension FilterInstance {
    var attachment: VolumeEvent {
        .attached(filter: filter.name, altitude: altitude, knowsBypassIO: filter.isOptedIn)
    }

    var detachment: VolumeEvent { .detached(filter: filter.name, altitude: altitude) }
}
