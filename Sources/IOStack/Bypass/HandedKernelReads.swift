/// What another process needs to go on with the kernel's reads of a volume, whose descriptors it
/// has by the same numbers.
public struct HandedGates: Sendable, Hashable {
    /// The process that answers for the gates if the service dies.
    public struct Guardian: Sendable, Hashable {
        public var process: Int32
        /// A descriptor of the process (pidfd_open(2)).
        public var processDescriptor: Int32
        /// The service's end of its channel.
        public var channel: Int32

        public init(process: Int32, processDescriptor: Int32, channel: Int32) {
            self.process = process
            self.processDescriptor = processDescriptor
            self.channel = channel
        }
    }

    /// A read that waits for its answer.
    public struct WaitingRead: Sendable, Hashable {
        /// By this descriptor's number the kernel knows the read.
        public var event: Int32
        /// The gate's number.
        public var gate: UInt64
        public var read: KernelRead

        public init(event: Int32, gate: UInt64, read: KernelRead) {
            self.event = event
            self.gate = gate
            self.read = read
        }
    }

    /// What the kernel asks about the gates' reads.
    public var group: Int32
    public var guardian: Guardian?
    public var waiting: [WaitingRead]

    public init(group: Int32, guardian: Guardian?, waiting: [WaitingRead]) {
        self.group = group
        self.guardian = guardian
        self.waiting = waiting
    }

    public var descriptors: [Int32] {
        [group] + waiting.map(\.event)
            + (guardian.map { [$0.processDescriptor, $0.channel] } ?? [])
    }
}

/// A door that another process made and left to this one.
public struct HandedDoor: Sendable, Hashable {
    /// ``KernelReadDoor/storage``; open in this process, by the number that it had in the other.
    public var storage: Int32
    /// nil: it has no gate.
    public var gate: HandedGate?

    public init(storage: Int32, gate: HandedGate? = nil) {
        self.storage = storage
        self.gate = gate
    }

    public var descriptors: [Int32] { [storage] + (gate.map { [$0.unwatched] } ?? []) }
}

/// The gate of a door, as it was when the other process stopped.
public struct HandedGate: Sendable, Hashable {
    /// A thread whose read was let pass, and how often it had run before.
    public struct Passed: Sendable, Hashable {
        public var thread: UInt32
        public var runs: UInt64

        public init(thread: UInt32, runs: UInt64) {
            self.thread = thread
            self.runs = runs
        }
    }

    /// A descriptor of the same file, whose use no gate meets.
    public var unwatched: Int32
    /// By which the kernel's events name the gate.
    public var number: UInt64
    public var isClosed = false
    /// Reads have to stop if the service dies.
    public var isWatched = false
    /// The guardian has it.
    public var isHeld = false
    /// The error that kept it from being closed for an open; 0 for none.
    public var missed: Int32 = 0
    public var lastOpen: UInt64 = 0
    /// Opens that the kernel has not reported.
    public var expected: [ExpectedOpen] = []
    public var opens = 0
    public var closes = 0
    public var passed: [Passed] = []

    public init(unwatched: Int32, number: UInt64) {
        self.unwatched = unwatched
        self.number = number
    }
}
