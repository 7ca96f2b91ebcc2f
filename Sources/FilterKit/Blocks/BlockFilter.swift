public import BypassIOProtocol
public import IOStack

/// A filter that stores files in another form, block by block: it says how a block is encoded and
/// decoded, and this protocol does the rest.
///
/// ```swift
/// final class Scramble: BlockFilter {
///     let name = "scramble"
///     let altitude = Altitude(integer: 141_000)
///     let refusal = BlockRefusal(.notSupportedWithEncryption, reason: "Files are scrambled.")
///
///     func key(of file: BlockFileFacts) -> UInt8? { 0x5A }
///
///     func encode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
///         for index in block.indices { block[index] ^= key }
///     }
///
///     func decode(_ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: UInt8) {
///         encode(&block, number, key)
///     }
/// }
/// ```
///
/// What it does:
/// - Reads of any offset and length are decoded. A block that cannot be decoded fails the whole
///   read: never are wrong bytes returned, nor a short count, which a caller takes for the end.
/// - Writes of parts of blocks read, decode, change, encode and write back, under a lock of the
///   file. Two writers, appends, truncation, fallocate(2) with its holes and zero ranges, and
///   mappings of a mount come out as on a file that no filter changes. A range is neither collapsed
///   nor inserted (STATUS_NOT_SUPPORTED), because blocks would get other numbers.
/// - A hole reads as zeros. All bytes of its blocks are zero below, which no encoded block is: see
///   ``encode(_:_:_:)``.
/// - Sizes are those of the data, also in attributes and listings, where the ``layout`` changes
///   them.
/// - Files with a key refuse BypassIO and the kernel's own reads, with the ``refusal``. Files that
///   the filter leaves alone bypass it.
/// - A request has 512 KiB in memory at most, or three blocks where those are more, whatever its
///   length.
///
/// What it does not do: a write that is cut off by a crash or a full disk leaves each block that it
/// was about to change old, new, or torn, as the file system below does. A torn block fails its
/// reads if ``decode(_:_:_:)`` finds it; a plain permutation does not. A truncation within a block,
/// and a write behind the end, may change the block of the old end or the new.
///
/// The data of a file that is open for writing alone is read by a file object of the filter's own,
/// once a part of a block has to be; that of a file with O_APPEND or O_DIRECT is written by such
/// an object, too. There is one for each such file object, and it costs a descriptor. It is opened
/// as the service, which has to have the right to read what programs write. A file that is
/// append-only (`chattr +a`) takes no data (EPERM): an append changes the last block.
///
/// The filter must be there before any file is open, and stay: it attaches to a volume without
/// open files and directories only, so to no mount that is served already, and refuses a manual
/// detach. Otherwise caches above would hold both forms.
///
/// A type must not replace the methods of the protocols that this one refines. Rows of the low
/// level go into ``blockOperations``. Usable from any thread.
public protocol BlockFilter: PreOpenFilter, PostOpenFilter, PreReadFilter, PreWriteFilter,
    PreChangeFilter, CleanupFilter, BypassFilter
{
    /// What it takes to encode and decode the blocks of a file.
    associatedtype Key: Sendable

    /// Blocks of 4096 bytes, with neither header nor overhead, by default.
    var layout: BlockLayout { get }

    /// Why files with a key do not bypass the filter.
    var refusal: BlockRefusal { get }

    /// The key of a file; nil leaves the file alone. Asked once for as long as the file is open, at
    /// the first request that needs to know, so it should not follow from what changes meanwhile,
    /// such as the name.
    func key(of file: BlockFileFacts) throws(IOFailure) -> Key?

    /// The header of a file with that key that gets its first byte; as long as the layout says. Not
    /// called without a header.
    func header(for key: Key) throws(IOFailure) -> [UInt8]

    /// Turns a block's data, at the start of `block`, into its stored form, which is longer by the
    /// layout's overhead: the bytes behind the data are room for it, and zero. The last block of a
    /// file may be shorter than the others.
    ///
    /// Without overhead it has to be a permutation of the blocks of each length, always the same
    /// for a number and a key: zeros are stored as zeros, and the block that would be stored as
    /// zeros takes the place of the zeros. With overhead it must never leave zeros alone.
    func encode(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: Key
    ) throws(IOFailure)

    /// Turns the stored form back: the data is to be at the start of `block`. Throws, with
    /// `NTStatus.dataError` for example, if it is no encoded block.
    func decode(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: Key
    ) throws(IOFailure)

    /// The filter was there before the files that are open now: another process that had the volume
    /// had it attached. false by default.
    var succeedsAnother: Bool { get }

    /// An error refuses an open, or the making of something, before anything is done. nil by
    /// default.
    func refusal(of open: PreOpen) -> IOFailure?

    /// The same for a change of a file's size, attributes and the like, or of a name.
    func refusal(of change: PreChange) -> IOFailure?

    /// As `otherOperations` of a filter, but not for IRP_MJ_QUERY_INFORMATION nor
    /// IRP_MJ_DIRECTORY_CONTROL. None by default.
    var blockOperations: [OperationRegistration] { get }
}

/// Why a file does not bypass a ``BlockFilter``.
public struct BlockRefusal: Sendable {
    let status: NTStatus
    let reason: String

    /// - Parameters:
    ///   - status: an error, such as `NTStatus.notSupportedWithEncryption`.
    ///   - reason: one English sentence of at most 128 UTF-16 units.
    public init(_ status: NTStatus, reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// What a ``BlockFilter`` is told of a file when it is asked for the key.
public struct BlockFileFacts: Sendable {
    /// A file object of the file, by which the instance may ask for attributes.
    public let file: FileObject
    public let instance: FilterInstance
    /// What stands before the first block; nil for a file without a byte, and without a header in
    /// the layout. A file that is shorter below than its header has as much as there is.
    public let header: [UInt8]?

    /// Bytes of the file as it lies below.
    public func storedSize() throws(IOFailure) -> UInt64 {
        try present.size()
    }

    /// Up to `length` bytes as they lie below, fewer at the file's end.
    public func stored(at offset: UInt64, length: Int) throws(IOFailure) -> [UInt8] {
        let buffer = try instance.volume.makeBuffer(capacity: length)
        let count = try present.read(at: offset, length: length, into: buffer)
        return buffer.withBytes(count) { [UInt8](copying: $0) }
    }

    private var present: LowerFile {
        LowerFile(of: file, mayWrite: false, instance, for: .kernel)
    }
}

extension BlockFilter {
    public var layout: BlockLayout { BlockLayout() }
    public var kernelReads: KernelReadTerms? { .unwatched }
    public var contexts: Set<ContextKind> { [.stream, .streamHandle] }
    public var blockOperations: [OperationRegistration] { [] }

    public var succeedsAnother: Bool { false }

    public func refusal(of open: PreOpen) -> IOFailure? { nil }
    public func refusal(of change: PreChange) -> IOFailure? { nil }

    public func header(for key: Key) throws(IOFailure) -> [UInt8] { [] }

    /// What is open may be cached above in its stored form.
    public var needsAllOpens: Bool { !succeedsAnother }

    public func mayDetach(_ instance: FilterInstance) -> Bool { false }
}
