public import BypassIOProtocol
public import IOStack

/// The stack that a scenario runs on.
public struct StageDescription: Sendable, Equatable {
    public var filters: [FilterDescription] = []
    /// Top to bottom.
    public var drivers: [DriverDescription] = []
    public var storage = StorageDescription()
    /// The file system's name in its vetoes. On a mount the host's file system has its own name.
    public var fileSystemName = "ntfs.sys"
    /// How long a pause, a DISABLE or an attach waits for reads.
    public var drainLimit = Duration.seconds(30)
    public var files: [FileDescription] = []
    public var directories: [String] = []
}

/// A minifilter that behaves as the scenario says.
public struct FilterDescription: Sendable, Equatable {
    public var name: String
    public var altitude = Altitude(integer: 370_000)
    public var isOptedIn = true
    public var isLegacy = false
    public var seesReads = true
    public var seesWrites = false
    /// Flags of its read row (`FLTFL_OPERATION_REGISTRATION_*`).
    public var readFlags: OperationRegistration.Flags = []
    public var isAttachedLater = false
    public var refusesDetach = false
    public var refusesAttach = false
    public var vetoes: [VetoRule] = []

    init(name: String) { self.name = name }
}

/// A volume driver that behaves as the scenario says.
public struct DriverDescription: Sendable, Equatable {
    public var name: String
    public var isOptedIn = true
    public var vetoes: [VetoRule] = []

    init(name: String) { self.name = name }
}

/// The storage driver.
public struct StorageDescription: Sendable, Equatable {
    public var name = "stornvme.sys"
    public var type = "NVMe"
    public var isOptedIn = true
    /// For offsets and lengths, in bytes; a power of 2. On a mount the host's file system decides.
    public var alignment: UInt32 = 1
    public var vetoes: [VetoRule] = []
}

/// What a part of the stack refuses, and how.
public struct VetoRule: Sendable, Equatable {
    public enum Manner: Sendable, Equatable {
        /// Through `FltVetoBypassIo`; for volume and storage drivers in the answer's OpStatus.
        case veto(reason: String)
        /// The request as a whole fails.
        case failure
        /// The request fails on its way up, after all layers below agreed.
        case lateFailure
    }

    public var operations: Set<BypassIOOperation>
    /// nil: every file.
    public var path: String?
    public var status: NTStatus
    public var manner: Manner
}

/// A file that exists before the script begins.
public struct FileDescription: Sendable, Equatable {
    public var path: String
    /// In bytes.
    public var size = 65536
    public var attributes: FileAttributes = []

    init(path: String) { self.path = path }
}
