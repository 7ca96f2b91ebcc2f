/// A filter as data: all that the filter manager knows of it (`FLT_REGISTRATION`). This is the low
/// level; a filter that is a type with methods (``Filter``) is turned into it.
public struct FilterRegistration: Sendable {
    /// The bits of a filter's `SupportedFeatures` (ntifs.h, SUPPORTED_FS_FEATURES_*).
    public struct Features: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let offloadRead = Features(rawValue: 1)
        public static let offloadWrite = Features(rawValue: 2)
        public static let queryOpen = Features(rawValue: 4)
        /// The filter knows BypassIO: it may veto, and lets pass what it does not veto.
        public static let bypassIO = Features(rawValue: 8)
        /// All defined bits.
        public static let all: Features = [.offloadRead, .offloadWrite, .queryOpen, .bypassIO]

        /// The names of the defined bits that are set, lowest first.
        public var names: [String] {
            let words: [(Features, String)] = [
                (.offloadRead, "offloadRead"), (.offloadWrite, "offloadWrite"),
                (.queryOpen, "queryOpen"), (.bypassIO, "bypassIO"),
            ]
            return words.filter { contains($0.0) }.map(\.1)
        }
    }

    /// Why an instance is set up (`FLTFL_INSTANCE_SETUP_*`).
    public enum SetupReason: Sendable, Equatable {
        case automatic
        case manual
    }

    /// Why an instance goes away (`FLTFL_INSTANCE_TEARDOWN_*`).
    public enum TeardownReason: Sendable, Equatable {
        case manual
        case filterUnload
        case mandatoryUnload
        case volumeDismount
    }

    /// The name in the filter's vetoes. Not empty.
    public var name: String
    /// Where an instance attaches if no other altitude is asked for.
    public var altitude: Altitude
    public var supportedFeatures: Features
    /// At most one row for each major function.
    public var operations: [OperationRegistration]
    /// A legacy filter, which the manager knows only from outside. It cannot opt in to BypassIO,
    /// whatever it filters (spec 6.10; FLT's records of such filters know the offload bits only).
    public var isLegacy = false
    /// The filter's terms for the kernel's own reads. nil declares nothing: a filter of reads or
    /// writes then refuses such reads on its volume; any other filter ignores them.
    public var kernelReads: KernelReadTerms?
    /// The kinds of context the filter may set.
    public var contexts: Set<ContextKind>

    /// Keeps what the filter knows when another process takes its place; nil for a filter that is
    /// made anew.
    public var state: FilterStateCallbacks?

    /// Where programs talk to the filter. Their names are the filter's until it is unloaded.
    public var ports: [PortRegistration] = []

    /// The filter attaches only to a volume on which no file and no directory is open, or about to
    /// be: every open of a file passes it. Otherwise STATUS_FLT_DO_NOT_ATTACH.
    public var needsAllOpens = false

    /// Called before an instance attaches; false is STATUS_FLT_DO_NOT_ATTACH. nil always attaches.
    /// Called under a lock of the volume: it must neither attach, nor detach, nor send a BypassIO
    /// control.
    public var instanceSetup: (@Sendable (FilterInstance, SetupReason) -> Bool)?
    /// The instance stands in the stack: requests that begin now pass it. Called in the thread that
    /// attaches, without a lock, so it may send BypassIO controls. ``FilterInstance/bypassedFiles``
    /// lists the files whose ENABLE did not pass the instance. ENABLEs under way are not waited
    /// for: they are asked again, and pass it. It must not detach the instance. (On Windows a work
    /// item that the setup callback queues does this.)
    public var instanceSetupComplete: (@Sendable (FilterInstance) -> Void)?
    /// Called before a manual detach; false is STATUS_FLT_DO_NOT_DETACH. nil refuses every manual
    /// detach, as on Windows.
    public var instanceQueryTeardown: (@Sendable (FilterInstance) -> Bool)?
    /// The instance is going away. The filter completes the requests that it keeps and pends no
    /// more.
    public var instanceTeardownStart: (@Sendable (FilterInstance, TeardownReason) -> Void)?
    /// No callback runs and none will. The filter closes what the instance owns.
    public var instanceTeardownComplete: (@Sendable (FilterInstance, TeardownReason) -> Void)?
    /// Called before the filter is unloaded; false refuses, unless the unload is mandatory. nil
    /// makes the filter stay for good.
    public var unload: (@Sendable (_ mandatory: Bool) -> Bool)?

    public init(
        name: String, altitude: Altitude, supportedFeatures: Features,
        operations: [OperationRegistration], contexts: Set<ContextKind> = [],
        kernelReads: KernelReadTerms? = nil,
        instanceSetup: (@Sendable (FilterInstance, SetupReason) -> Bool)? = nil,
        instanceSetupComplete: (@Sendable (FilterInstance) -> Void)? = nil,
        instanceQueryTeardown: (@Sendable (FilterInstance) -> Bool)? = { _ in true },
        instanceTeardownStart: (@Sendable (FilterInstance, TeardownReason) -> Void)? = nil,
        instanceTeardownComplete: (@Sendable (FilterInstance, TeardownReason) -> Void)? = nil,
        unload: (@Sendable (_ mandatory: Bool) -> Bool)? = { _ in true }
    ) {
        self.name = name
        self.altitude = altitude
        self.supportedFeatures = supportedFeatures
        self.operations = operations
        self.contexts = contexts
        self.kernelReads = kernelReads
        self.instanceSetup = instanceSetup
        self.instanceSetupComplete = instanceSetupComplete
        self.instanceQueryTeardown = instanceQueryTeardown
        self.instanceTeardownStart = instanceTeardownStart
        self.instanceTeardownComplete = instanceTeardownComplete
        self.unload = unload
    }

    /// Whether the filter has callbacks for reads or writes.
    var filtersReadsOrWrites: Bool {
        operations.contains { row in
            (row.majorFunction == .read || row.majorFunction == .write)
                && (row.preOperation != nil || row.postOperation != nil)
        }
    }

    var effectiveKernelReads: KernelReadTerms {
        if isLegacy { return .refused }
        return kernelReads ?? (filtersReadsOrWrites ? .refused : .unwatched)
    }

    /// Spec 6.10: a filter that registers neither reads nor writes counts as opted in and shows the
    /// bit (`fltmc instances` prints 00000008 for such a filter).
    var effectiveFeatures: Features {
        if isLegacy { return supportedFeatures.intersection([.offloadRead, .offloadWrite]) }
        return filtersReadsOrWrites ? supportedFeatures : supportedFeatures.union(.bypassIO)
    }
}

/// A filter's terms for reads that the host's kernel does by itself, past the whole stack, for
/// files that got a grant when they were opened (`FileObject.grantKernelReads()`). A grant needs
/// the consent of all filters of a volume.
///
/// A filter declares its terms in ``FilterRegistration/kernelReads``. Whatever it declares, it may
/// veto each file's BypassIO as ever, and a grant begins with an ENABLE.
///
/// Mappings are out of reach. The kernel brings pages into a program's memory without telling the
/// stack, and nothing stops it. The same holds for stores through a mapping of a file that is read
/// this way.
public enum KernelReadTerms: UInt8, Sendable, CaseIterable, Comparable {
    /// The filter has to see, or be able to stop, all reads of the file, mappings included: no
    /// kernel reads on its volume. These are the terms of a filter of reads or writes that declares
    /// none.
    case refused
    /// The stack asks its pre-read callback before each kernel read. Such reads cost about as much
    /// as reads through the stack, but their data is not copied.
    case asked
    /// Kernel reads pass unseen until a pause, a suspension or the attach of a filter that did not
    /// opt in stops them. From then on the stack asks its pre-read callback before each.
    case stoppable
    /// None: kernel reads may pass even where nothing can ever stop them.
    case unwatched

    /// Less demanding terms are greater.
    public static func < (one: KernelReadTerms, other: KernelReadTerms) -> Bool {
        one.rawValue < other.rawValue
    }
}
