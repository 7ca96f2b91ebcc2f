internal import FUSE
public import IOStack

/// What a service hands over to its successor (docs/restart.md).
public struct ServiceState: Sendable {
    /// A filter's instance, highest altitude first.
    public struct Filter: Sendable, Hashable {
        /// As the command line names the filter.
        public var name: String
        public var altitude: String
        public var settings: [Setting]
        /// nil where it saved none, and for every further instance of a filter.
        public var state: SavedFilterState?

        public init(
            name: String, altitude: String, settings: [Setting], state: SavedFilterState? = nil
        ) {
            self.name = name
            self.altitude = altitude
            self.settings = settings
            self.state = state
        }
    }

    public struct Setting: Sendable, Hashable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// A file that the kernel knows, or one above such a file. Its place in the list is its number
    /// for the others; the root is the first.
    struct NodeRecord: Sendable, Hashable {
        var number: UInt64
        var id: FileID
        var birthTime: FileTime?
        var isDirectory = false
        /// nil for the root and for a file that has lost its known name.
        var parent: UInt32?
        var name: [UInt8] = []
        var lookups: UInt64 = 0
        /// The kernel knows it by its number; otherwise it is only on the way to others.
        var isKnown = false
        /// It is the file that its identity stands for.
        var isCurrent = false
        var isNumbered = false
        var isCacheInDoubt = false
        var wasReadIntoCache = false
        var listedAt: Int64 = .min
        var lastWriter: Int32 = 0
        var capabilityRemover: Int32 = 0
        /// Of a file without a name.
        var held: HandedOpen?
    }

    /// An open file or directory.
    struct HandleRecord: Sendable, Hashable {
        var place: UInt32
        var node: UInt32
        var open: HandedOpen
        var path: String
        var access: UInt8
        var isNonCached = false
        var isUser = false
        var userID: UInt32 = 0
        var groupID: UInt32 = 0
        var processID: Int32 = 0
        var isAdministrator = false
        var needsWriteBack = false
        var mayTakeTwo = false
        var usesCache = false
        var writesDirectly = false
        /// The mount decided so about kernel reads for it; nil if it decides nothing.
        var way: OpenWay?
        /// Set where the kernel reads the file itself.
        var kernelReads: KernelReadRecord?
        var hasBypass = false
        var isPaused = false
        var isMapped = false
        var isNameless = false
    }

    /// How the kernel has a file open: by the numbers of backing files.
    enum OpenWay: Sendable, Hashable {
        case cached
        case pastCache(Int32)
        case kernel(Int32)
    }

    /// An open through a door.
    struct KernelReadRecord: Sendable, Hashable {
        /// The place of the door.
        var door: UInt32
        var open: ExpectedOpen
    }

    /// Of /dev/fuse.
    var device: Int32
    var minor: UInt32
    var flags: UInt64
    var maximumWrite: UInt32
    var root: FileID
    var lastNumber: UInt64
    var leavesAccessTime: Bool
    var nodes: [NodeRecord]
    var handles: [HandleRecord]
    /// How often each place of a handle was used.
    var generations: [UInt32]
    /// The gates of the kernel's reads; nil if there are none.
    public var gates: HandedGates?
    var doors: [HandedDoor] = []
    public var filters: [Filter] = []
    /// The listening socket of `control_tcp`; nil for none.
    public var port: Int32?
    /// Absolute and without links: the successor must not ask the mount for it.
    public var mountPoint = ""

    /// Every descriptor that the successor has to inherit.
    public var descriptors: [Int32] {
        var all: Set<Int32> = [device]
        for handle in handles { all.insert(handle.open.descriptor) }
        for node in nodes { if let held = node.held { all.insert(held.descriptor) } }
        for door in doors { all.formUnion(door.descriptors) }
        if let gates { all.formUnion(gates.descriptors) }
        if let port { all.insert(port) }
        return all.sorted()
    }

    public var openFiles: Int { handles.count }
    public var knownFiles: Int { nodes.count }
}
