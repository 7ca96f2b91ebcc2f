/// The way by which the host's kernel carries reads of one file itself, past this stack, for the
/// programs that opened the file by it, and the gate in that way.
///
/// A file system makes one for a stream when the first program may use it
/// (``FileSystemDriver/kernelReadDoor(for:leavingAccessTimes:asking:)``) and it lasts until the
/// last one is gone.
///
/// Any thread; ``close()`` and ``open()`` by one at a time, ``drain(with:)`` by any number.
public protocol KernelReadDoor: AnyObject, Sendable {
    /// What the kernel reads from (a descriptor's number), as long as the door exists.
    var storage: StorageHandle { get }
    /// Whether there is a gate. Without one the kernel's reads can never be stopped, and
    /// ``close()`` throws.
    var isRevocable: Bool { get }

    /// Puts the gate in the way: from the return on no read begins that the door's question did not
    /// allow; those that come wait for their answer. Reads that had begun go on: ``drain(with:)``
    /// waits for them. Repeatable.
    ///
    /// Throws what the host refused the gate with; then reads pass as before.
    func close() throws(IOFailure)

    /// Returns when the reads are done that had begun before the closed gates of this door, and of
    /// `others` of its file system, came in their way, as far as the host can tell (its
    /// documentation says which are not waited for). Returns, too, if a gate is opened meanwhile.
    func drain(with others: [any KernelReadDoor])

    /// Takes the gate away: reads pass at no cost. Repeatable.
    func open()

    /// A thread of the host is about to open the file by this door. Only what is opened while the
    /// gate is in the way can be stopped by it later, so it is, asking nobody, until that open is
    /// seen or called off. Before the kernel is told to use the door. A thread opens one file at a
    /// time: what it opened before is over, one way or the other.
    @discardableResult
    func expectOpen(by thread: UInt32) -> ExpectedOpen

    /// The open will not come: the program was killed meanwhile, the kernel refused, or it came and
    /// its end was seen first. Does nothing for an open that came, nor to a later one of its
    /// thread.
    func callOff(_ open: ExpectedOpen)
}

/// An open that a door was told to expect.
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
public struct KernelRead: Sendable, Equatable {
    /// Bytes; the kernel rounds to its pages.
    public var offset: UInt64
    public var length: Int
    /// The thread that reads, as the host numbers threads.
    public var thread: UInt32

    public init(offset: UInt64, length: Int, thread: UInt32) {
        self.offset = offset
        self.length = length
        self.thread = thread
    }
}

/// What happens to the gate in the way of the kernel's own reads of a file.
public enum KernelGateMove: Sendable {
    /// The cause in words that follow "because".
    case closed(because: String)
    case opened
    /// The host did not close it: the kernel's reads go on, unseen.
    case stuck(because: String, IOFailure)
}
