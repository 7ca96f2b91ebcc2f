/// Why the kernel's reads of a file have to ask the stack. Tools print it.
public enum KernelReadCause: Sendable, Equatable, CustomStringConvertible {
    /// A cause that also keeps the service's own reads on the traditional route.
    case traditional(TraditionalCause)
    /// The filter wants to be asked about each read, or never agreed to kernel reads.
    case filter(String)
    /// VOLUME_STACK_PAUSE is in force.
    case volumeStackPaused
    /// A volume or storage driver refuses.
    case volumeDriverRefuses
    /// A DISABLE came for a handle that the kernel reads for.
    case disabled

    /// The cause in words, to follow "because".
    public var description: String {
        switch self {
        case .traditional(let cause): cause.description
        case .filter(let name): "the filter \(name) is asked for each read"
        case .volumeStackPaused: "the volume stack's bypass is paused"
        case .volumeDriverRefuses: "a volume or storage driver refuses"
        case .disabled: "bypass was disabled on a handle that the kernel reads for"
        }
    }
}

/// The way by which the host's kernel reads one file by itself, past this stack, for the programs
/// that opened the file under a grant; and the gate in that way.
///
/// A file system makes a door for a stream at its first grant
/// (``FileSystemDriver/kernelReadDoor(for:leavingAccessTimes:asking:)``). The door lasts until its
/// last user is gone.
///
/// Any thread. ``close()`` and ``open()`` are called by one thread at a time, ``drain(with:)`` by
/// any number.
public protocol KernelReadDoor: AnyObject, Sendable {
    /// The file that the kernel reads from (a descriptor's number), for as long as the door exists.
    var storage: StorageHandle { get }
    /// Whether there is a gate. Without a gate the kernel's reads can never be stopped, and
    /// ``close()`` throws.
    var isRevocable: Bool { get }

    /// Puts the gate in the way. After the return a read begins only if the door's question allows
    /// it, and waits for that answer. Reads that had begun go on; ``drain(with:)`` waits for them.
    /// Repeatable.
    ///
    /// Throws the host's error if the host refuses the gate; then reads pass as before.
    func close() throws(IOFailure)

    /// Waits for the reads that had begun before the gates of this door and of `others` of its file
    /// system were closed. The file system's documentation says which reads the host cannot tell;
    /// these are not waited for. Also returns if a gate is opened meanwhile.
    func drain(with others: [any KernelReadDoor])

    /// Takes the gate away. Reads pass at no cost. Repeatable.
    func open()

    /// Says whether the file's reads have to stop if this process dies, because a layer above
    /// relies on being able to stop them. Returns false if they would go on then. A gate that is
    /// closed needs nobody to say so. Repeatable; called by the thread that may call ``close()``.
    func guardReads(_ areGuarded: Bool) -> Bool

    /// Announces that a thread of the host is about to open the file by this door. Called before
    /// the kernel learns of the door.
    ///
    /// The gate can stop a file's reads later only if it was in the way when the file was opened.
    /// So the gate is put in the way, without asking the stack, until the open is seen or called
    /// off. A thread opens one file at a time: this call ends whatever the thread opened before.
    @discardableResult
    func expectOpen(by thread: UInt32) -> ExpectedOpen

    /// The open will not come: the program was killed meanwhile, the kernel refused, or the end of
    /// the open was seen first. Has no effect on an open that came, nor on a later open of the
    /// thread.
    func callOff(_ open: ExpectedOpen)

    /// What another process needs to go on with the door, once its file system has stopped
    /// (``FileSystemDriver/haltKernelReads()``). The default, nil: none can.
    var handed: HandedDoor? { get }
}

extension KernelReadDoor {
    public var handed: HandedDoor? { nil }

    /// Nothing here outlives the process, or nothing has to.
    public func guardReads(_ areGuarded: Bool) -> Bool { true }
}

/// What answers for the kernel's reads when the stack's process has died.
public struct KernelReadGuard: Sendable, Hashable {
    /// nil if it has not been needed so far.
    public let process: Int32?
    /// Files whose reads fail then.
    public let files: Int

    public init(process: Int32?, files: Int) {
        self.process = process
        self.files = files
    }
}

/// An open that a door expects.
public struct ExpectedOpen: Sendable, Hashable {
    public let thread: UInt32
    /// Different for each open that a door expects.
    public let number: UInt64

    public init(thread: UInt32, number: UInt64) {
        self.thread = thread
        self.number = number
    }
}

/// A read that the kernel holds at the gate.
public struct KernelRead: Sendable, Hashable {
    /// In bytes. The kernel rounds to its pages.
    public var offset: UInt64
    public var length: Int
    /// The thread that reads, by the host's number.
    public var thread: UInt32

    public init(offset: UInt64, length: Int, thread: UInt32) {
        self.offset = offset
        self.length = length
        self.thread = thread
    }
}

/// A change of the gate in the way of the kernel's reads of a file.
public enum KernelGateMove: Sendable {
    /// The cause in words that follow "because".
    case closed(because: String)
    case opened
    /// The host did not close the gate. The kernel's reads go on, unseen.
    case stuck(because: String, IOFailure)
}
