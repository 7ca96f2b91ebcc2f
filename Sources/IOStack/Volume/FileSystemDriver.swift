import BypassIOProtocol
public import SystemPackage

/// A file system at the bottom of the filter stack: NTFS' place.
///
/// It names files and keeps their attributes; the bytes are read and written below it, by the
/// volume and storage stacks, at the ``OpenedFile/storage`` it gave. BypassIO itself (the counts,
/// pauses and drains) is the volume's business and the same for every file system; a driver only
/// tells which files cannot take part.
///
/// Every function may be called from any thread, several at once. `file.context` is what `create`
/// returned.
public protocol FileSystemDriver: AnyObject, Sendable {
    /// The real name, as vetoes carry it, e.g. `ext4`.
    var name: String { get }

    // MARK: Files

    func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> OpenedFile
    /// Whether files can be opened by their identity (``CreateParameters/fileID``), as long as they
    /// exist. The default is no.
    var opensByID: Bool { get }
    /// The last handle is gone. The file may still be read by requests in flight.
    func cleanup(_ file: FileObject)
    /// Nobody refers to the file object any more.
    func close(_ file: FileObject)

    // MARK: Information

    func information(of file: FileObject) throws(IOFailure) -> FileInformation
    /// What `stat` tells and nothing else; `attributes` stays empty.
    func status(of file: FileObject) throws(IOFailure) -> FileInformation
    /// The same of a name in a directory; a link is not followed, "." and ".." are refused with
    /// `EINVAL`.
    func status(
        of name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) -> FileInformation
    func linkTarget(of file: FileObject) throws(IOFailure) -> [UInt8]
    /// The next data or hole at or after an offset in bytes; `ENXIO` beyond the end.
    func nextData(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64
    func nextHole(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64
    /// `ENOTTY` where the file system has none, which is the default.
    func flags(of file: FileObject, _ form: FileFlags.Form) throws(IOFailure) -> FileFlags
    /// Quotas, owners and the like are judged by the requestor, as with
    /// ``onBehalf(of:changing:_:)``.
    func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure)
    func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool
    ) throws(IOFailure) -> [DirectoryEntry]

    // MARK: Data that is not on its way through read and write

    func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure)
    func lock(_ file: FileObject, _ lock: FileLock) throws(IOFailure) -> FileLock?

    /// Runs `change`, a change of `file` that takes space, so that what lies below judges it by its
    /// requestor: quotas, space kept for administrators. `change` asks the file system or the
    /// storage and nobody else, on the calling thread. The default just runs it; ``create(_:for:)``
    /// and
    /// ``apply(_:to:for:)`` see to it by themselves.
    func onBehalf<R>(
        of requestor: Requestor, changing file: FileObject,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R

    // MARK: Extended attributes; names and values are bytes

    func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]]
    func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8]
    func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure)

    // MARK: The volume

    /// Of the file system that holds the file: it may be another than the root's, mounted within.
    func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation

    /// A control code of the file system's own. The default refuses every one with
    /// `NTStatus.invalidDeviceRequest`.
    func control(
        _ parameters: FileSystemControlParameters, on file: FileObject
    ) throws(IOFailure) -> [UInt8]

    /// Begins to watch what other processes do to the files; nil where that cannot be seen. The
    /// default has none.
    func watchOutsideChanges() -> (any OutsideChangeWatch)?

    /// The path of an open file from the volume's root as the names are now; of several names one
    /// that it has, if possible that by which it was opened. `NTStatus.objectNameNotFound` if it
    /// has none any more.
    func path(of file: FileObject) throws(IOFailure) -> String

    /// What the host knows of the file and of what it lies on, for people: a line each. The default
    /// knows nothing.
    func facts(of file: FileObject) -> [String]

    // MARK: BypassIO

    /// A veto beyond the attributes of spec 6.1. The default has none.
    func bypassVeto(for file: FileObject) -> StorageVeto?
    /// The attributes that may veto (spec 6.1), asked after ``bypassVeto(for:)`` had none. The
    /// default is those of ``information(of:)``; a driver that has just looked at them tells none.
    func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes

    /// Why the kernel may not carry this file object's reads itself at the moment, for reasons that
    /// are not the file's. Asked at each grant. The default has none.
    func kernelReadVeto(for file: FileObject) -> StorageVeto?

    /// Makes the way for the kernel to carry reads of the file itself. `ask` is called for each
    /// read that comes to the closed gate, on threads of the file system's, several at once; it may
    /// sleep, and answers nil to let the read pass, or what the program gets. Not called any more
    /// once the door is gone.
    ///
    /// With `leavingAccessTimes` reads through the door do not change the file's access time;
    /// without, they do as other reads.
    ///
    /// Throws why there is none. The default has none.
    func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor

    /// `count` bytes were written at `offset` through a file object whose file has bypass enabled:
    /// the time to see whether a suspension begins (the file became sparse) or ends (its data does
    /// not lie in the inode any more). The default does nothing.
    func didWrite(_ file: FileObject, at offset: UInt64, count: Int)

    /// Another process changed a file that has bypass enabled, or may have: as
    /// ``didWrite(_:at:count:)``.
    func didChangeOutside(_ file: FileObject)
}

extension FileSystemDriver {
    public var opensByID: Bool { false }

    public func flags(
        of file: FileObject, _ form: FileFlags.Form
    ) throws(IOFailure) -> FileFlags {
        throw .noFileFlags
    }

    public func control(
        _ parameters: FileSystemControlParameters, on file: FileObject
    ) throws(IOFailure) -> [UInt8] {
        throw IOFailure(.invalidDeviceRequest)
    }

    public func onBehalf<R>(
        of requestor: Requestor, changing file: FileObject,
        _ change: () throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        try change()
    }

    /// The name by which it was opened, for file systems whose names do not change.
    public func path(of file: FileObject) throws(IOFailure) -> String { file.openedPath }

    public func watchOutsideChanges() -> (any OutsideChangeWatch)? { nil }

    public func facts(of file: FileObject) -> [String] { [] }

    public func bypassVeto(for file: FileObject) -> StorageVeto? { nil }

    public func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes {
        try information(of: file).attributes
    }

    public func kernelReadVeto(for file: FileObject) -> StorageVeto? { nil }

    public func kernelReadDoor(
        for file: FileObject, leavingAccessTimes: Bool,
        asking ask: @escaping @Sendable (KernelRead) -> IOFailure?
    ) throws(StorageVeto) -> any KernelReadDoor {
        throw StorageVeto(.notSupported, reason: "No kernel reads files of \(name) itself.")
    }

    public func didWrite(_ file: FileObject, at offset: UInt64, count: Int) {}

    public func didChangeOutside(_ file: FileObject) {}
}
