import Glibc
public import LinuxKit
public import SystemPackage

/// Reads through one io_uring with registered buffers and registered files.
///
/// A read allocates nothing, takes no lock and counts no reference.
@safe
public final class RingReadEngine: ReadEngine {
    public let depth: Int
    public let slotSize: Int
    public let fallbackReason: String? = nil

    /// Why the buffers are not registered with the kernel, so that each read pins its pages itself;
    /// `nil` if they are.
    public let unregisteredBuffersReason: String?

    // The thread rule, and a reader that never calls out, ensure one access at a time. The run-time
    // check would be a look-up in thread-local storage on every read.
    @exclusivity(unchecked) private var reader: RingReader
    private let threadRule = ThreadRule()
    private let wakeCounter: EventCounter
    private let hasFileTable: Bool

    /// Makes the ring, the buffers and the table of files. The parameters are those of
    /// ``ReadEngines/make(depth:slotSize:policy:fileCapacity:)``.
    ///
    /// - Throws: ``ReadEngineError``, in particular ``ReadEngineError/ring(_:)``.
    public convenience init(
        depth: Int, slotSize: Int, fileCapacity: Int = ReadEngines.defaultFileCapacity
    ) throws(ReadEngineError) {
        try self.init(
            depth: depth, slotSize: slotSize, fileCapacity: fileCapacity, calls: .kernel)
    }

    package init(
        depth: Int, slotSize: Int, fileCapacity: Int, calls: RingSystemCalls
    ) throws(ReadEngineError) {
        let reader = try RingReader(
            depth: depth, slotSize: slotSize, fileCapacity: fileCapacity, calls: calls)
        self.depth = depth
        self.slotSize = slotSize
        unregisteredBuffersReason = reader.unregisteredBuffersReason
        wakeCounter = reader.wakeCounter
        hasFileTable = reader.files.capacity > 0
        unsafe self.reader = reader
    }

    deinit {
        if threadRule.isOwner {
            unsafe reader.close()
        } else if unsafe reader.isReading {
            // The kernel takes no call for this ring from another thread, so the reads go on. The
            // memory that they write to must not be reused.
            assertionFailure("a read engine was let go on another thread with reads in flight")
            unsafe reader.abandonSlab()
        }
    }

    public var waker: ReadEngineWaker { ReadEngineWaker(wakeCounter) }

    public var description: String {
        let buffers =
            unregisteredBuffersReason.map { "plain buffers because \($0)" }
            ?? "registered buffers"
        return "io_uring, \(buffers), \(hasFileTable ? "registered files" : "plain descriptors")"
    }

    public func register(_ fd: FileDescriptor) throws(Errno) -> FileIndex {
        threadRule.check()
        return try unsafe reader.register(fd)
    }

    public func unregister(_ file: FileIndex) {
        threadRule.check()
        unsafe reader.unregister(file)
    }

    public func start(slot: Int, file: FileIndex, offset: UInt64, length: Int) {
        threadRule.check()
        unsafe reader.start(slot: slot, file: file, offset: offset, length: length)
    }

    @discardableResult
    public func submit(
        waitingFor minimum: Int, timeout: Duration?, wakeable: Bool
    ) throws(Errno) -> Int {
        threadRule.check()
        return try unsafe reader.submit(waitingFor: minimum, timeout: timeout, wakeable: wakeable)
    }

    public func nextCompletion() -> ReadCompletion? {
        threadRule.check()
        return unsafe reader.nextCompletion()
    }

    @unsafe
    public func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        unsafe reader.address(ofSlot: slot)
    }

    public func close() {
        threadRule.check()
        unsafe reader.close()
    }
}

/// The free places of the kernel's table of registered files.
struct RegisteredFileTable: ~Copyable {
    private var free: [UInt32]
    private var isTaken: [Bool]

    init(capacity: Int) {
        free = (0..<UInt32(capacity)).reversed()
        isTaken = Array(repeating: false, count: capacity)
    }

    var capacity: Int { isTaken.count }

    /// A free place; `nil` if the table is full.
    mutating func take() -> UInt32? {
        guard let index = free.popLast() else { return nil }
        isTaken[Int(index)] = true
        return index
    }

    /// Frees a place that was taken.
    mutating func put(back index: UInt32) {
        precondition(
            Int(index) < isTaken.count && isTaken[Int(index)], "file is not registered here")
        isTaken[Int(index)] = false
        free.append(index)
    }
}
