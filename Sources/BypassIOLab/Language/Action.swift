public import BypassIOProtocol
public import IOStack

/// The action of a step.
public indirect enum Action: Sendable, Equatable {
    // MARK: A program's own

    case open(handle: String, OpenDescription)
    case close(handle: String)
    case control(handle: String, ControlDescription)
    /// Reads `length` bytes at `offset`.
    case read(handle: String, offset: UInt64, length: Int)
    case write(handle: String, offset: UInt64, length: Int)
    case truncate(handle: String, size: UInt64)
    case punchHole(handle: String, offset: UInt64, length: UInt64)
    case map(handle: String)
    case unmap(handle: String)

    // MARK: The stack's

    /// The state of the handle's stream.
    case stream(handle: String)
    /// The file system gives the file these attributes, as defragmenters and `compact` have it do.
    case become(path: String, FileAttributes)
    /// The file system begins to move the file's blocks, or has finished.
    case move(path: String, begins: Bool)
    case attach(filter: String, altitude: Altitude?, instance: String?)
    case detach(filter: String)
    case unload(filter: String, mandatory: Bool)
    /// Sent from the sender's own place: for a filter from below its instance, unless `toTop`.
    case send(Component, BypassIOOperation, handle: String, toTop: Bool)
    case veto(Component, VetoRule)
    case stopVetoing(Component)
    case count(Component, Sight)
    /// The verdict that the filter's post callback saw last.
    case learned(filter: String)
    /// The last result of `FltVetoBypassIo` for the filter.
    case told(filter: String)
    case hold(Component, Held)
    case release(Component, Held)
    case waitUntilHeld(Component, Held, count: Int)
    case clearCounts
    case dismount
    /// Takes the volume out of the name space. Only on a mount.
    case unmount

    // MARK: Several at once

    /// Begins an action and goes on.
    case start(name: String, Action)
    case stillWaiting(name: String)
    case returned(name: String)

    /// The action's handle; nil for none.
    var handle: String? {
        switch self {
        case .open(_, let description): description.duplicateOf
        case .close(let handle), .control(let handle, _), .read(let handle, _, _),
            .write(let handle, _, _), .truncate(let handle, _), .punchHole(let handle, _, _),
            .map(let handle), .unmap(let handle), .stream(let handle), .send(_, _, let handle, _):
            handle
        case .start(_, let action): action.handle
        default: nil
        }
    }

    /// Whether the process that serves the volume does it, not a program on the volume.
    public var isOfStack: Bool {
        switch self {
        case .open, .close, .control, .read, .write, .truncate, .punchHole, .map, .unmap, .start,
            .stillWaiting, .returned:
            false
        default: true
        }
    }
}

/// Requests that a part of the stack holds until the script releases them.
public enum Held: Sendable, Equatable {
    case reads
    /// FS_BPIO_OP_ENABLE, on its way down.
    case enables
}

/// How a file is opened.
public struct OpenDescription: Sendable, Equatable {
    /// nil: the volume itself.
    public var path: String?
    public var isNonCached = false
    public var isWritable = false
    /// By a user who may not administer the volume.
    public var isOrdinaryUser = false
    /// A new descriptor of the same file object (`dup`).
    public var duplicateOf: String?
}

/// A control code as a program sends it.
public struct ControlDescription: Sendable, Equatable {
    public var code = ControlCode.manageBypassIO
    public var input: FSBypassIOInput
    /// nil: the structure's own 24 bytes. Shorter cuts it, longer appends zeros.
    public var inputLength: Int?
    public var outputLength: Int

    init(_ operation: BypassIOOperation) {
        input = FSBypassIOInput(operation: operation)
        outputLength = FSBypassIOOutput.size
    }

    /// The bytes of the input.
    public var inputBytes: [UInt8] {
        let bytes = (try? input.encodedBytes()) ?? []
        guard let inputLength else { return bytes }
        let padding = [UInt8](repeating: 0, count: max(0, inputLength - bytes.count))
        return Array((bytes + padding).prefix(inputLength))
    }
}

/// A part of the stack that a scenario names.
public enum Component: Sendable, Hashable, CustomStringConvertible {
    case filter(String)
    case driver(String)
    case storage

    public var description: String {
        switch self {
        case .filter(let name): "filter \(name)"
        case .driver(let name): "driver \(name)"
        case .storage: "storage"
        }
    }
}

/// Events that a part of the stack can see and count.
public enum Sight: Sendable, Hashable {
    case reads
    case writes
    /// Post-operation callbacks with FLTFL_POST_OPERATION_DRAINING.
    case draining
    /// Controls by the operation's number: FSCTL_MANAGE_BYPASS_IO for filters,
    /// IOCTL_STORAGE_MANAGE_BYPASS_IO below the file system.
    case control(UInt32)
}
